// `npm run bench`: measures the platform as its users meet it and prints one JSON line a figure.
import { parseArgs } from 'node:util';
import { BenchPlatform } from './bench-platform.ts';
import { line, type Measure } from './measure.ts';
import { appPush } from './measures/app-push.ts';
import { deletedObject, driftedField } from './measures/drift.ts';
import { fleet } from './measures/fleet.ts';
import { gitopsPush } from './measures/gitops-push.ts';
import { help } from './measures/help.ts';
import { idle, memory } from './measures/processes.ts';
import { rebuild } from './measures/rebuild.ts';
import { upCold, upKept } from './measures/up.ts';

/** In the order in which they run: each leaves the platform as it found it, but for commits. */
const measures: Measure[] = [
  help,
  upCold,
  upKept,
  memory,
  idle,
  gitopsPush,
  appPush,
  driftedField,
  deletedObject,
  rebuild,
  fleet,
];

const usage = `npm run bench [-- [--quick] [--list] [NAME…]]

Prints {name, unit, n, p50, p95, max, cluster} for each figure. A push is timed from the moment git push has returned to the
arrival of a watch event in this process. --quick leaves out what is slow, and takes fewer samples.

${measures.map(({ name, summary, slow }) => `  ${name.padEnd(16)} ${summary}${slow ? ' (slow)' : ''}`).join('\n')}
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = positionals.filter(name => !measures.some(measure => measure.name === name));
  if (values.help || values.list || unknown.length > 0) {
    process.stderr.write(unknown.length > 0 ? `there is no measure ${unknown.join(', ')}\n\n${usage}` : usage);
    return unknown.length > 0 ? 2 : 0;
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
  const wanted = measures.filter(({ name, slow }) =>
    positionals.length > 0 ? positionals.includes(name) : !(values.quick && slow),
  );
  await using platform = await BenchPlatform.prepare(stopping.signal);
  let failed = 0;
  for (const measure of wanted) {
    try {
      for (const figure of await measure.run(platform, { quick: values.quick })) process.stdout.write(`${line(figure)}\n`);
    } catch (error) {
      if (stopping.signal.aborted) break;
      failed++;
      process.stderr.write(`${measure.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return failed > 0 || stopping.signal.aborted ? 1 : 0;
}

process.exitCode = await main();
