// The ports of an instance: the usual ones first, the next free ones otherwise, the same ones at every later start.
import { randomInt } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { DarumaError } from '../platform/core/index.ts';

export type PortName = 'api' | 'git' | 'registry' | 'ingress' | 'cluster';
export type Ports = Record<PortName, number>;

const DEFAULT_PORTS: Ports = { api: 7070, git: 7080, registry: 5001, ingress: 8080, cluster: 7443 };
const TRIED = 200;

/** The flag of `daruma up` that sets a port. */
export const portFlags: Record<PortName, string> = {
  api: '--port',
  git: '--git-port',
  registry: '--registry-port',
  ingress: '--ingress-port',
  cluster: '--cluster-port',
};

/**
 * `asked` must be free; `kept` (from an earlier start) must be free too, since URLs were handed out, but for those that are `ours`
 * already; all others are searched.
 * @throws DarumaError PORT_IN_USE naming the program that has it, where the system tells
 */
export async function choosePorts({
  asked,
  kept,
  ours = [],
}: {
  asked: Partial<Ports>;
  kept: Partial<Ports>;
  ours?: PortName[];
}): Promise<Ports> {
  const chosen: Partial<Ports> = {};
  const taken = new Set<number>(Object.values(asked));
  for (const name of Object.keys(DEFAULT_PORTS) as PortName[]) {
    const fixed = asked[name] ?? kept[name];
    if (fixed !== undefined) {
      const isOurs = fixed === kept[name] && ours.includes(name);
      if (fixed !== 0 && !isOurs && !(await isFree(fixed))) await refuse(name, fixed);
      chosen[name] = fixed === 0 ? await nextFree(0, taken) : fixed;
    } else chosen[name] = await nextFree(DEFAULT_PORTS[name], taken);
    taken.add(chosen[name]);
  }
  return chosen as Ports;
}

async function refuse(name: PortName, port: number): Promise<never> {
  const holder = await holderOf(port);
  const free = await nextFree(port + 1, new Set());
  throw new DarumaError('PORT_IN_USE', `port ${port} is in use by another program${holder ? ` (${holder})` : ''}`, {
    hint: `daruma up ${portFlags[name]} ${free}`,
    data: { port },
  });
}

/** 0: any, below those that systems hand out to connections, since it is kept and must be free at every later start. */
async function nextFree(from: number, taken: Set<number>): Promise<number> {
  if (from === 0) return nextFree(randomInt(10_000, 32_000), taken);
  for (let port = from; port < from + TRIED; port++) if (!taken.has(port) && (await isFree(port))) return port;
  return boundPort(0);
}

async function isFree(port: number): Promise<boolean> {
  try {
    await boundPort(port);
    return true;
  } catch {
    return false;
  }
}

function boundPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = server.address() as { port: number };
      server.close(() => resolve(bound));
    });
  });
}

/** `pid 4242, node`, read from /proc; undefined where that is not to be had. */
async function holderOf(port: number): Promise<string | undefined> {
  try {
    const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const inodes = new Set<string>();
    for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
      for (const line of (await readFile(table, 'utf8').catch(() => '')).split('\n').slice(1)) {
        const fields = line.trim().split(/\s+/);
        if (fields[1]?.endsWith(wanted) && fields[3] === '0A') inodes.add(`socket:[${fields[9]}]`);
      }
    }
    for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
      for (const file of await readdir(`/proc/${pid}/fd`).catch(() => [] as string[])) {
        if (!inodes.has(await readlink(`/proc/${pid}/fd/${file}`).catch(() => ''))) continue;
        return `pid ${pid}, ${(await readFile(`/proc/${pid}/comm`, 'utf8')).trim()}`;
      }
    }
  } catch {
    // Not Linux, or not allowed to look.
  }
  return undefined;
}
