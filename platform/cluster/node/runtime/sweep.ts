// Ends what an earlier node of the same data folder left behind when it was killed: processes that carry its marker in their environment.
import { readdir, readFile } from 'node:fs/promises';

/** Kills processes whose environment has `NAME=value`; resolves when they are gone or 2 s have passed. Linux only; elsewhere the guards alone do it. */
export async function sweepProcesses(marker: string): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const deadline = performance.now() + 2_000;
  let killed = 0;
  for (;;) {
    const found = await marked(marker);
    if (found.length === 0 || performance.now() > deadline) return killed;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
        killed++;
      } catch {
        // It has ended by itself.
      }
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

async function marked(marker: string): Promise<number[]> {
  const needle = Buffer.from(`\0${marker}\0`);
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const environment = await readFile(`/proc/${name}/environ`).catch(() => undefined);
    if (environment && Buffer.concat([Buffer.from([0]), environment]).includes(needle)) found.push(Number(name));
  }
  return found;
}
