// `daruma tour`: plays the scenarios without anybody at the keys, and proves every step.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient, type PlatformStatus } from '../../platform/api/index.ts';
import { DarumaError, homePaths } from '../../platform/core/index.ts';
import { loadScenarios, playScenario, type Scenario, type ScenarioResult, toJUnit } from '../../scenarios/engine/index.ts';
import { bringUp } from '../bring-up.ts';
import { readCredentials } from '../credentials.ts';
import { findAppliance } from './connect.ts';
import { purgeHome, stopAppliance } from './down.ts';
import { mark, paint, print, seconds } from './output.ts';
import { progressPrinter } from './progress.ts';
import { scenarioContext } from './scenario-session.ts';
import { type UpOptions, upRequest } from './up.ts';

interface TourOptions extends UpOptions {
  report?: string;
  json?: boolean;
  keep?: boolean;
}

/** Exit code 0 only when every step was verified. Leaves nothing running that it started, and nothing at all of a throw-away home. */
export async function run(options: TourOptions, names?: string | string[]): Promise<number> {
  const wanted = selected(await loadScenarios(), Array.isArray(names) ? names : []);
  const told = options.home ?? process.env['DARUMA_HOME'];
  const home = told || (await mkdtemp(join(tmpdir(), 'daruma-tour-')));
  const paths = homePaths(home);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stopping.abort(new DarumaError('INTERRUPTED', `stopped by ${signal}`)));
  const running = await findAppliance(paths);
  const from = performance.now();
  try {
    const status = running
      ? await statusOf(home, running.api)
      : await bringUp(upRequest({ ...options, home }), {
          onStep: options.json ? () => {} : progressPrinter(),
          signal: stopping.signal,
        });
    const results = await play(wanted, status, { json: options.json ?? false, signal: stopping.signal });
    if (options.report) await writeFile(options.report, toJUnit(results));
    const steps = results.flatMap(result => result.steps);
    const verified = steps.filter(step => step.status === 'passed').length;
    const ms = Math.round(performance.now() - from);
    if (options.json)
      print(JSON.stringify({ scenarios: results.length, steps: steps.length, verified, failed: steps.length - verified, ms }));
    else
      print(
        `\n ${verified === steps.length ? mark.done() : mark.failed()} ${results.length} scenarios · ${verified} of ${steps.length} steps verified · ${seconds(ms)}`,
      );
    return verified === steps.length && steps.length > 0 ? 0 : 1;
  } finally {
    if (!running && !(options.keep && told)) await stopAppliance(paths);
    if (!told) {
      await purgeHome(paths);
      await rm(home, { recursive: true, force: true });
    }
  }
}

async function statusOf(home: string, api: string): Promise<PlatformStatus> {
  const credentials = await readCredentials(homePaths(home));
  return createApiClient({ url: api, token: credentials?.of('lead').token ?? '' }).status();
}

async function play(
  scenarios: Scenario[],
  status: PlatformStatus,
  { json, signal }: { json: boolean; signal: AbortSignal },
): Promise<ScenarioResult[]> {
  await using context = await scenarioContext(status);
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    if (!json) print(`\n ${paint('bold', `${scenario.number} ${scenario.title}`)}`);
    results.push(
      await playScenario(scenario, context, {
        signal,
        onStep: ({ checks, ...step }) => {
          if (json) return print(JSON.stringify(step));
          const sign = step.status === 'passed' ? mark.done() : step.status === 'failed' ? mark.failed() : mark.skipped();
          print(
            `   ${sign} ${step.title.padEnd(58)} ${paint('dim', seconds(step.ms))}${step.status === 'passed' ? '' : `\n     ${step.detail}`}`,
          );
        },
      }),
    );
  }
  return results;
}

function selected(all: Scenario[], names: string[]): Scenario[] {
  if (names.length === 0) return all;
  return names.map(name => {
    const found = all.find(
      one => one.id === name || String(one.number) === name || `${String(one.number).padStart(2, '0')}-${one.id}` === name,
    );
    if (!found)
      throw new DarumaError('NOT_FOUND', `there is no scenario ${name}`, {
        hint: all.map(one => `${one.number} ${one.id}`).join(', '),
      });
    return found;
  });
}
