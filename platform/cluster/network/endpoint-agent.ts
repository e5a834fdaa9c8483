// Keeps HTTP connections to endpoints, however those are reached: a socket of this host, or a stream through the API server.
import { Agent, type AgentOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EndpointDialer } from './endpoint-connection.ts';
import type { Endpoint } from './service-table.ts';

interface Place {
  host: string;
  port: number;
  /** Handed through to `createConnection`. */
  endpoint?: Endpoint;
}

export class EndpointAgent extends Agent {
  readonly #connect: EndpointDialer['connect'];

  constructor({ connect }: EndpointDialer, { keepAlive }: { keepAlive: boolean }) {
    super({ keepAlive, maxFreeSockets: 64, scheduling: 'lifo' });
    this.#connect = connect;
  }

  /** The options of a request that shall go to the endpoint. */
  static place(endpoint: Endpoint): Place {
    return { host: endpoint.address, port: endpoint.port, endpoint };
  }

  override createConnection(
    options: AgentOptions & Partial<Place>,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { endpoint } = options;
    if (!endpoint || !done) throw new Error('a request to an endpoint is made of its place');
    // An error leaves no stream; the type of the callback does not say so.
    this.#connect(endpoint).then(
      stream => {
        // An idle connection that the pod closes must close here too: a half-open one would take a request and never answer.
        stream.allowHalfOpen = false;
        done(null, stream);
      },
      (error: Error) => (done as (error: Error) => void)(error),
    );
  }

  /** A pod's address names it apart from every other, whatever runs on its ports. */
  override getName(options?: Partial<Place>): string {
    const { endpoint } = options ?? {};
    return `${endpoint?.address}:${endpoint?.port}:${endpoint?.pod?.name ?? ''}`;
  }

  /** Closes connections to an address that carry no request now. */
  drain(address: string): void {
    for (const [name, sockets] of Object.entries(this.freeSockets)) {
      if (name.startsWith(`${address}:`)) for (const socket of sockets ?? []) socket.destroy();
    }
  }
}
