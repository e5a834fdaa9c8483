// How the start of a platform is shown: a line for each step, the running one kept up to date on a terminal.
import { packageVersion } from '../../platform/core/index.ts';
import type { StepReport } from '../appliance.ts';
import { mark, paint, seconds } from './output.ts';

/** Writes to `stream`; on a terminal running steps are redrawn in place. */
export function progressPrinter(stream: NodeJS.WriteStream = process.stdout): (report: StepReport) => void {
  const running = new Map<string, string>();
  const redraws = stream.isTTY === true;
  let shown = 0;
  stream.write(` daruma ${packageVersion()}\n`);
  const erase = () => {
    if (shown > 0) stream.write(`\u001b[${shown}A\u001b[J`);
    shown = 0;
  };
  return ({ step, state, detail, ms }) => {
    if (state === 'running') running.set(step, detail);
    else running.delete(step);
    if (redraws) erase();
    if (state !== 'running')
      stream.write(
        `   ${state === 'done' ? mark.done() : mark.failed()} ${step.padEnd(11)} ${detail.padEnd(46)} ${paint('dim', seconds(ms))}\n`,
      );
    if (!redraws) return;
    for (const [name, text] of running) {
      const room = Math.max(10, (stream.columns ?? 80) - 20);
      stream.write(`   ${mark.running()} ${name.padEnd(11)} ${text.slice(0, room)}\n`);
    }
    shown = running.size;
  };
}
