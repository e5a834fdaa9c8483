// Answers names of the cluster (`service.namespace.svc.cluster.local`) over UDP, as the cluster's DNS service does.
import { createSocket, type Socket } from 'node:dgram';
import { type Logger, messageOf } from '../../core/index.ts';
import type { HostEndpoint } from './cluster-network.ts';
import { type DnsRecord, encodeAnswer, parseQuestion, RECORD } from './dns-message.ts';
import type { ServiceTable } from './service-table.ts';

export const CLUSTER_DOMAIN = 'cluster.local';

/** Undefined when there is no such name. */
export function resolveName(table: ServiceTable, name: string, type: number): DnsRecord[] | undefined {
  const suffix = `.svc.${CLUSTER_DOMAIN}`;
  if (!name.endsWith(suffix)) return undefined;
  const labels = name.slice(0, -suffix.length).split('.');
  const namespace = labels.pop();
  const serviceName = labels.pop();
  if (!namespace || !serviceName) return undefined;
  const service = table.services.get(namespace, serviceName);
  if (!service) return undefined;
  const { clusterIP, externalName, ports = [] } = service.spec;
  if (service.spec.type === 'ExternalName') {
    return labels.length === 0 && externalName ? [{ type: RECORD.CNAME, target: externalName }] : undefined;
  }
  if (labels.length === 2) {
    const [portLabel, protocol] = labels;
    const port = ports.find(
      candidate => `_${candidate.name}` === portLabel && `_${(candidate.protocol ?? 'TCP').toLowerCase()}` === protocol,
    );
    if (!port) return undefined;
    return type === RECORD.SRV
      ? [{ type: RECORD.SRV, port: port.port, target: name.slice(`${portLabel}.${protocol}.`.length) }]
      : [];
  }
  if (labels.length > 2) return undefined;
  const headless = clusterIP === 'None';
  if (!headless) return labels.length > 0 || !clusterIP ? undefined : onlyA(type, [clusterIP]);
  const found = (ports.length > 0 ? ports : [{ name: undefined }]).flatMap(port => table.all(namespace, serviceName, port.name));
  const chosen = labels.length === 1 ? found.filter(({ hostname }) => hostname === labels[0]) : found;
  return chosen.length === 0 ? undefined : onlyA(type, [...new Set(chosen.map(({ address }) => address))]);
}

function onlyA(type: number, addresses: string[]): DnsRecord[] {
  return type === RECORD.A ? addresses.map(address => ({ type: RECORD.A, address })) : [];
}

export class DnsServer implements AsyncDisposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async start(table: ServiceTable, { host, port }: HostEndpoint, logger: Logger): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.on('message', (message, from) => {
      const question = parseQuestion(message);
      if (!question) return;
      socket.send(encodeAnswer(question, resolveName(table, question.name, question.type)), from.port, from.address);
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', error => logger.warn('the DNS service met an error', { reason: messageOf(error) }));
    return new DnsServer(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>(resolve => this.#socket.close(() => resolve()));
  }
}
