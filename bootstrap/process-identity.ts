// Names a process so that a pid that was given to another program is not taken for it.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** `startTime` is the kernel's, in clock ticks since boot; empty where the system does not tell (then the pid alone counts). */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, startTime: await startTimeOf(pid) };
}

export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && (await startTimeOf(pid)) === startTime;
  }
  const now = await startTimeOf(pid);
  return now === startTime || (now === '' && process.platform !== 'linux');
}

/** Ends a process that is still the same one: SIGTERM, then SIGKILL after `graceMs`. */
export async function endProcess(identity: ProcessIdentity, { graceMs }: { graceMs: number }): Promise<void> {
  if (!(await isAlive(identity))) return;
  signalProcess(identity.pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (await isAlive(identity)) {
    if (Date.now() > deadline) {
      signalProcess(identity.pid, 'SIGKILL');
      while (await isAlive(identity)) await delay(10);
      return;
    }
    await delay(10);
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Field 22 of /proc/PID/stat; a zombie counts as ended. */
async function startTimeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
}
