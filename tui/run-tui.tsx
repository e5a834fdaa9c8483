// Takes the terminal, shows the UI, and gives the terminal back whatever happens.
import type { ApiClient } from '../platform/api/index.ts';
import { FrameWriter } from './frame-writer.ts';
import { PlatformModel } from './model/platform-model.ts';
import type { ScenarioPort } from './model/scenario-port.ts';

export interface TuiOptions {
  api: ApiClient;
  scenarios?: ScenarioPort;
}

const ENTER = '\u001b[?1049h\u001b[2J\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

/** Resolves when the person leaves: `stop` asks for the platform to be stopped as well. */
export async function runTui({ api, scenarios }: TuiOptions): Promise<'keep' | 'stop'> {
  // Chalk decides at import time, and knows FORCE_COLOR alone.
  if (process.env['NO_COLOR'] !== undefined) process.env['FORCE_COLOR'] = '0';
  const [{ render }, { App }, { createElement }] = await Promise.all([import('ink'), import('./App.tsx'), import('react')]);
  const ending = new AbortController();
  const restore = () => {
    process.stdin.setRawMode?.(false);
    process.stdout.write(LEAVE);
  };
  process.once('exit', restore);
  // Before the first frame: Ctrl-C is a key as soon as there is something to see.
  process.stdin.setRawMode?.(true);
  process.stdout.write(ENTER);
  const screen = new FrameWriter(process.stdout);
  const model = new PlatformModel(api, { signal: ending.signal });
  let choice: 'keep' | 'stop' = 'keep';
  const signs = process.env['DARUMA_ASCII'] !== undefined || process.env['TERM'] === 'linux' ? 'plain' : 'unicode';
  const motion = process.env['DARUMA_NO_MOTION'] === undefined;
  try {
    const instance = render(
      createElement(App, {
        model,
        scenarios,
        signs,
        motion,
        onQuit: chosen => {
          choice = chosen;
          instance.unmount();
        },
      }),
      { stdout: screen as unknown as NodeJS.WriteStream, debug: true, exitOnCtrlC: false, patchConsole: false },
    );
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.once(signal, () => instance.unmount());
    await instance.waitUntilExit();
    return choice;
  } finally {
    ending.abort();
    screen.destroy();
    process.off('exit', restore);
    restore();
  }
}
