// Memory and idle CPU of the platform's processes, each group apart: appliance, cluster host, pods. Linux alone tells these.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlatform } from '../bench-platform.ts';
import type { Measure } from '../measure.ts';

const IDLE_MS = 10_000;
const TICKS_PER_SECOND = 100;

interface Groups {
  appliance: number[];
  'cluster host': number[];
  pods: number[];
}

async function groups(platform: BenchPlatform): Promise<Groups> {
  const { pid } = await platform.status();
  const host = JSON.parse(await readFile(join(platform.home, 'cluster-host.json'), 'utf8')) as { pid: number };
  const children = new Map<number, number[]>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(fields(await statOf(Number(name)))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (root: number): number[] => (children.get(root) ?? []).flatMap(child => [child, ...below(child)]);
  const pods = below(host.pid);
  return {
    appliance: [pid, ...below(pid).filter(one => one !== host.pid && !pods.includes(one))],
    'cluster host': [host.pid],
    pods,
  };
}

function statOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
}

/** Those behind the name, which may hold anything: state, parent, … */
function fields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function pssMiB(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}

async function cpuMs(pids: number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = fields(await statOf(pid));
    ticks += Number(stat[11] ?? 0) + Number(stat[12] ?? 0);
  }
  return (ticks * 1_000) / TICKS_PER_SECOND;
}

export const memory: Measure = {
  name: 'memory',
  summary: 'proportional memory of appliance, cluster host and pods',
  async run(platform) {
    const cluster = (await platform.status()).provider;
    const sums = Object.entries(await groups(platform)).map(async ([group, pids]) => {
      const each = await Promise.all((pids as number[]).map(pssMiB));
      return { name: `memory: ${group}`, unit: 'MiB' as const, samples: [each.reduce((a, b) => a + b, 0)], cluster };
    });
    return Promise.all(sums);
  },
};

export const idle: Measure = {
  name: 'idle',
  summary: 'share of a core while nothing happens, over 10 s',
  async run(platform) {
    const cluster = (await platform.status()).provider;
    const { appliance, 'cluster host': host, pods } = await groups(platform);
    const parts = { 'appliance and cluster host': [...appliance, ...host], pods };
    const before = await Promise.all(Object.values(parts).map(cpuMs));
    const from = performance.now();
    await new Promise(resolve => setTimeout(resolve, IDLE_MS));
    const after = await Promise.all(Object.values(parts).map(cpuMs));
    const ms = performance.now() - from;
    return Object.keys(parts).map((name, index) => ({
      name: `idle CPU: ${name}`,
      unit: '%' as const,
      samples: [(((after[index] ?? 0) - (before[index] ?? 0)) / ms) * 100],
      cluster,
    }));
  },
};
