// `daruma` without a command, and `npm start`: the terminal UI on a terminal, the tour without one.
import type { GlobalOptions } from './connect.ts';

export async function run(options: GlobalOptions & Record<string, unknown>): Promise<number | void> {
  const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true && process.env['CI'] === undefined;
  const { run: play } = interactive ? await import('./ui.ts') : await import('./tour.ts');
  return play(options);
}
