// After a kill of the appliance, scripts may live on. They are found by a variable in their environment and ended.
import { readdir, readFile } from 'node:fs/promises';

/** Every script of a run carries the run's folder in this variable. */
export const RUN_FOLDER_VARIABLE = 'DARUMA_RUN_FOLDER';

/** Kills every process whose run folder lies under `workFolder`. Does nothing where there is no /proc. */
export async function killOrphans(workFolder: string): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name));
  const marker = `\0${RUN_FOLDER_VARIABLE}=${workFolder}/`;
  let killed = 0;
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (!`\0${environment}`.includes(Buffer.from(marker).toString('latin1'))) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
      killed++;
    } catch {
      // It ended by itself.
    }
  }
  return killed;
}
