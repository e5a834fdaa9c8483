// `daruma doctor`: what this machine offers, and what to do about what it lacks.
import { examine } from '../doctor.ts';
import { type GlobalOptions, pathsOf } from './connect.ts';
import { mark, paint, print, printJson } from './output.ts';

export async function run(options: GlobalOptions & { output?: string }): Promise<number> {
  const checks = await examine(pathsOf(options));
  if (options.output === 'json') printJson(checks);
  else {
    for (const { name, state, detail, hint } of checks) {
      const sign = state === 'ok' ? mark.done() : state === 'warn' ? paint('yellow', '!') : mark.failed();
      print(`${sign} ${name.padEnd(10)} ${detail}${hint ? `\n             ${paint('dim', 'try:')} ${hint}` : ''}`);
    }
  }
  return checks.some(check => check.state === 'fail') ? 1 : 0;
}
