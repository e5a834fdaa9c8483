// Preloaded into Node pods (`--require`): a process that listens, connects and looks up names lives at its pod's address.
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { type AddressMap, isClusterAddress, toCluster, toHost } from './addresses.ts';

interface SocketName {
  address?: string;
  family?: string;
  port?: number;
}

/** The wrap of a TCP socket below `net`: every listener and connection of Node goes through it. */
interface TcpHandle {
  bind(address: string, port: number, flags?: number): number;
  bind6(address: string, port: number, flags?: number): number;
  connect(request: unknown, address: string, port: number): number;
  connect6(request: unknown, address: string, port: number): number;
  getsockname(out: SocketName): number;
  getpeername(out: SocketName): number;
  asked?: { address: string; port: number; family: string };
}

type Lookup = (hostname: string, options: unknown, callback: (...result: unknown[]) => void) => void;

const podAddress = process.env.DARUMA_POD_IP;
const settings = process.env.DARUMA_NETWORK;
if (podAddress && settings) live(podAddress, settings);

function live(address: string, text: string): void {
  const { map, dns: server, search } = JSON.parse(text) as { map: AddressMap; dns: string; search: string[] };
  patchSockets(map, address);
  patchNames(server, search);
  const hostname = process.env.HOSTNAME;
  if (hostname) os.hostname = () => hostname;
  syncBuiltinESMExports();
}

function isOwn(host: string, pod: string): boolean {
  return host === pod || host === '::1' || host === '::' || host === '0.0.0.0' || host.startsWith('127.');
}

function patchSockets(map: AddressMap, pod: string): void {
  const binding = (process as unknown as { binding(name: string): { TCP: { prototype: TcpHandle } } }).binding('tcp_wrap');
  const tcp = binding.TCP.prototype;
  const { bind, bind6, connect, connect6, getsockname, getpeername } = tcp;

  const bindAt = (original: TcpHandle['bind'], family: string) =>
    function (this: TcpHandle, address: string, port: number, flags?: number): number {
      if (!isOwn(address, pod)) return original.call(this, address, port, flags);
      const own = toHost(map, pod, port);
      this.asked = { address, port, family };
      return bind.call(this, own.host, own.port, 0);
    };
  tcp.bind = bindAt(bind, 'IPv4');
  tcp.bind6 = bindAt(bind6, 'IPv6');

  const connectTo = (original: TcpHandle['connect']) =>
    function (this: TcpHandle, request: unknown, address: string, port: number): number {
      const target = isOwn(address, pod) ? pod : address.replace(/^::ffff:/, '');
      if (!isClusterAddress(target)) return original.call(this, request, address, port);
      const there = toHost(map, target, port);
      if (map.loopbackRange && !this.asked) bind.call(this, toHost(map, pod, 0).host, 0);
      return connect.call(this, request, there.host, there.port);
    };
  tcp.connect = connectTo(connect);
  tcp.connect6 = connectTo(connect6);

  const nameOf = (original: TcpHandle['getsockname']) =>
    function (this: TcpHandle, out: SocketName): number {
      const code = original.call(this, out);
      if (code !== 0 || out.address === undefined || out.port === undefined) return code;
      const seen = toCluster(map, out.address, out.port);
      const asked = original === getsockname ? this.asked : undefined;
      out.address = asked?.address ?? seen.address;
      out.port = asked?.port || seen.port;
      if (asked) out.family = asked.family;
      return code;
    };
  tcp.getsockname = nameOf(getsockname);
  tcp.getpeername = nameOf(getpeername);
}

/** Names as a pod's resolv.conf finds them: fewer than five dots go through the search list, then as they are, then to the host. */
function patchNames(server: string, search: string[]): void {
  const lookup = dns.lookup as unknown as Lookup;
  const lookupPromise = dns.promises.lookup as unknown as (hostname: string, options: unknown) => Promise<unknown>;

  const ask = async (name: string): Promise<string[]> => {
    const resolver = new dns.promises.Resolver({ timeout: 2_000, tries: 2 });
    resolver.setServers([server]);
    const absolute = name.endsWith('.') ? name.slice(0, -1) : undefined;
    const candidates = absolute ? [absolute] : [...search.map(domain => `${name}.${domain}`), name];
    for (const candidate of candidates) {
      if (candidate.split('.').length < 3) continue;
      const found = await resolver.resolve4(candidate).catch(() => []);
      if (found.length > 0) return found;
    }
    return [];
  };
  const isName = (name: unknown): name is string =>
    typeof name === 'string' && name !== '' && name !== 'localhost' && !/^[\d.]+$/.test(name) && !name.includes(':');
  const answer = async (hostname: string, options: unknown): Promise<unknown[] | undefined> => {
    const found = hostname === process.env.HOSTNAME ? [process.env.DARUMA_POD_IP ?? ''] : await ask(hostname);
    if (found.length === 0) return undefined;
    const all = typeof options === 'object' && options !== null && (options as { all?: boolean }).all;
    return all ? [found.map(address => ({ address, family: 4 }))] : [found[0], 4];
  };

  const patched: Lookup = (hostname, options, callback) => {
    const done = typeof options === 'function' ? (options as typeof callback) : callback;
    if (!isName(hostname) || typeof done !== 'function') return lookup(hostname, options, callback);
    answer(hostname, options).then(
      found => (found ? done(null, ...found) : lookup(hostname, options, callback)),
      () => lookup(hostname, options, callback),
    );
  };
  dns.lookup = Object.assign(patched, dns.lookup) as unknown as typeof dns.lookup;
  dns.promises.lookup = (async (hostname: string, options: unknown) => {
    const found = isName(hostname) ? await answer(hostname, options) : undefined;
    if (!found) return lookupPromise(hostname, options);
    return found.length === 1 ? found[0] : { address: found[0], family: found[1] };
  }) as unknown as typeof dns.promises.lookup;
}
