// Where the API's addresses are on this host. The shim inside pods and the proxies outside read the same map, so this file imports nothing.

/** One cluster's place among the loopback addresses; several clusters on one host have different octets. */
export interface AddressMap {
  /** 10.244.a.b is at 127.<podOctet>.a.b */
  podOctet: number;
  /** 10.96.a.b is at 127.<serviceOctet>.a.b */
  serviceOctet: number;
  /** False where only 127.0.0.1 is configured (everywhere but Linux): every address and port then has a port of its own there. */
  loopbackRange: boolean;
}

const PRIVILEGED_BELOW = 1024;
/** Above the ephemeral range of Linux, so that no outgoing connection takes one. */
const PRIVILEGED_SHIFT = 61_000;
const MAPPED_FROM = 16_000;
const MAPPED_COUNT = 14_000;

function octetOf(map: AddressMap, address: string): number | undefined {
  if (address.startsWith('10.244.')) return map.podOctet;
  if (address.startsWith('10.96.')) return map.serviceOctet;
  return undefined;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

export function isClusterAddress(address: string): boolean {
  return /^10\.(244|96)\.\d+\.\d+$/.test(address);
}

/** The socket that stands for a cluster address and port; any other address is itself. */
export function toHost(map: AddressMap, address: string, port: number): { host: string; port: number } {
  const octet = octetOf(map, address);
  if (octet === undefined) return { host: address, port };
  if (!map.loopbackRange) {
    const own = port === 0 ? 0 : MAPPED_FROM + (fnv1a(`${map.podOctet}/${address}:${port}`) % MAPPED_COUNT);
    return { host: '127.0.0.1', port: own };
  }
  const [, , a, b] = address.split('.');
  return { host: `127.${octet}.${a}.${b}`, port: port > 0 && port < PRIVILEGED_BELOW ? port + PRIVILEGED_SHIFT : port };
}

/** The cluster address and port behind a socket of this host, as far as it can be told. */
export function toCluster(map: AddressMap, host: string, port: number): { address: string; port: number } {
  const match = /^(?:::ffff:)?127\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  const octet = Number(match?.[1]);
  if (!match || !map.loopbackRange || (octet !== map.podOctet && octet !== map.serviceOctet)) return { address: host, port };
  const network = octet === map.podOctet ? '10.244' : '10.96';
  const privileged = port > PRIVILEGED_SHIFT && port < PRIVILEGED_SHIFT + PRIVILEGED_BELOW;
  return { address: `${network}.${match[2]}.${match[3]}`, port: privileged ? port - PRIVILEGED_SHIFT : port };
}
