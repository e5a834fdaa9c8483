// Several clusters share this host's loopback addresses: each claims a pair of octets by listening at its node's address while it lives.
import { createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { DarumaError } from '../../core/index.ts';
import { type AddressMap, toHost } from './addresses.ts';

/** The kubelet's port; nothing is served there. */
const CLAIM_PORT = 10_250;
const PLACES = 30;

export interface AddressClaim extends AsyncDisposable {
  map: AddressMap;
}

function listen(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error');
      server.on('error', () => {});
      server.unref();
      resolve(server);
    });
  });
}

/** The first free place: 127.244/127.96, then 127.240/127.93 and so on. @throws DarumaError CONFLICT when all are taken */
export async function claimAddresses(nodeAddress: string): Promise<AddressClaim> {
  const loopbackRange = platform() === 'linux';
  for (let place = 0; place < PLACES; place++) {
    const map = { podOctet: 244 - 4 * place, serviceOctet: 96 - 3 * place, loopbackRange };
    const { host, port } = toHost(map, nodeAddress, CLAIM_PORT);
    const server = await listen(host, port);
    if (server) return { map, [Symbol.asyncDispose]: () => new Promise<void>(resolve => void server.close(() => resolve())) };
  }
  throw new DarumaError('CONFLICT', `${PLACES} clusters run on this host already; there are no addresses left for another`, {
    hint: 'stop one of them with daruma down',
  });
}
