// CPU and memory that containers use: their processes and all descendants, read from /proc, or from `ps` where there is none.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface PodUsage {
  namespace: string;
  name: string;
  containers: { name: string; cpuNanocores: number; memoryBytes: number }[];
}

interface ProcessSample {
  parent: number;
  group: number;
  cpuSeconds: number;
  memoryBytes: number;
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
/** A shorter time between two measures says nothing about a rate. */
const SHORTEST_WINDOW_MS = 500;

export class UsageMeter {
  readonly #last = new Map<number, { at: number; cpuSeconds: number; cpuNanocores: number }>();

  /** CPU is the mean since the call before (since the process began at the first). `pid` leads the container's process group. */
  async measure(pods: { namespace: string; name: string; containers: { name: string; pid: number }[] }[]): Promise<PodUsage[]> {
    const samples = await sampleProcesses();
    const at = performance.now();
    const seen = new Set<number>();
    const usage = pods.map(({ namespace, name, containers }) => ({
      namespace,
      name,
      containers: containers.map(container => {
        seen.add(container.pid);
        const { cpuSeconds, memoryBytes } = sumOf(samples, container.pid);
        return { name: container.name, cpuNanocores: this.#rate(container.pid, at, cpuSeconds), memoryBytes };
      }),
    }));
    for (const pid of this.#last.keys()) if (!seen.has(pid)) this.#last.delete(pid);
    return usage;
  }

  #rate(pid: number, at: number, cpuSeconds: number): number {
    const last = this.#last.get(pid);
    if (last && at - last.at < SHORTEST_WINDOW_MS) return last.cpuNanocores;
    const cpuNanocores = last ? Math.max(0, Math.round(((cpuSeconds - last.cpuSeconds) / (at - last.at)) * 1e12)) : 0;
    this.#last.set(pid, { at, cpuSeconds, cpuNanocores });
    return cpuNanocores;
  }
}

function sumOf(samples: Map<number, ProcessSample>, leader: number): { cpuSeconds: number; memoryBytes: number } {
  const members = new Set<number>([leader]);
  for (const [pid, { group }] of samples) if (group === leader) members.add(pid);
  for (let size = 0; size !== members.size; ) {
    size = members.size;
    for (const [pid, { parent }] of samples) if (members.has(parent)) members.add(pid);
  }
  let cpuSeconds = 0;
  let memoryBytes = 0;
  for (const pid of members) {
    cpuSeconds += samples.get(pid)?.cpuSeconds ?? 0;
    memoryBytes += samples.get(pid)?.memoryBytes ?? 0;
  }
  return { cpuSeconds, memoryBytes };
}

async function sampleProcesses(): Promise<Map<number, ProcessSample>> {
  const samples = new Map<number, ProcessSample>();
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,pgid=,rss=,time=']);
    for (const line of stdout.split('\n')) {
      const [pid, parent, group, rss, time = ''] = line.trim().split(/\s+/);
      const cpuSeconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
      if (pid)
        samples.set(Number(pid), { parent: Number(parent), group: Number(group), cpuSeconds, memoryBytes: Number(rss) * 1024 });
    }
    return samples;
  }
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const text = await readFile(`/proc/${entry}/stat`, 'latin1').catch(() => undefined);
    if (text === undefined) continue;
    // After the name in brackets: state, parent, group … user and system time at 12 and 13, resident pages at 22.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    samples.set(Number(entry), {
      parent: Number(fields[1]),
      group: Number(fields[2]),
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      memoryBytes: Number(fields[21]) * PAGE_BYTES,
    });
  }
  return samples;
}
