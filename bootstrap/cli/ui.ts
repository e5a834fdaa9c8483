// `daruma ui`: the platform with visible progress, then the terminal UI.
import { createApiClient } from '../../platform/api/index.ts';
import { DarumaError } from '../../platform/core/index.ts';
import { loadScenarios } from '../../scenarios/engine/index.ts';
import { runTui } from '../../tui/index.ts';
import { bringUp } from '../bring-up.ts';
import { readCredentials } from '../credentials.ts';
import { findAppliance, pathsOf } from './connect.ts';
import { stopAppliance } from './down.ts';
import { mark, print } from './output.ts';
import { progressPrinter } from './progress.ts';
import { openScenarioPort } from './scenario-session.ts';
import { type UpOptions, upRequest } from './up.ts';

export async function run(options: UpOptions): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new DarumaError('USAGE', 'the terminal UI needs a terminal', { hint: 'daruma tour plays the scenarios without one' });
  const paths = pathsOf(options);
  const running = await findAppliance(paths);
  if (!running) await bringUp(upRequest(options), { onStep: progressPrinter() });
  const record = running ?? (await findAppliance(paths));
  const credentials = await readCredentials(paths);
  if (!record || !credentials)
    throw new DarumaError('NOT_RUNNING', 'the platform ended as soon as it was up', { hint: 'daruma logs' });
  const api = createApiClient({ url: record.api, token: credentials.of(options.user ?? 'lead').token });
  const scenarios = await openScenarioPort(await loadScenarios(), await api.status());
  let choice: 'keep' | 'stop';
  try {
    choice = await runTui({ api, scenarios });
  } finally {
    await scenarios[Symbol.asyncDispose]();
  }
  if (choice === 'stop') {
    await stopAppliance(paths, options.user);
    print(`${mark.done()} stopped; daruma up resumes it`);
  } else print(`${mark.done()} the platform goes on running: daruma comes back to it, daruma down stops it`);
  process.exit(0);
}
