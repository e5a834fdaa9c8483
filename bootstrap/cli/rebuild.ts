// `daruma rebuild`: the drill. Destroys the cluster, rebuilds it from Git and compares every managed object.

import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { RebuildReport } from '../../platform/api/index.ts';
import { DarumaError } from '../../platform/core/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { mark, print, printJson, short } from './output.ts';

export async function run(options: GlobalOptions & { yes?: boolean; report?: string; output?: string }): Promise<number> {
  const { api } = await connect(options);
  if (!options.yes) await ask((await api.status()).name);
  const report = await api.rebuild();
  if (options.report) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  if (options.output === 'json') printJson(report);
  else print(rebuildText(report));
  return isEqual(report) ? 0 : 1;
}

export function isEqual({ different, missing, extra }: RebuildReport): boolean {
  return different.length === 0 && missing.length === 0 && extra.length === 0;
}

function rebuildText(report: RebuildReport): string {
  const phases = report.phases.map(({ name, ms }) => `${name} ${(ms / 1000).toFixed(1)}`).join('   ');
  return [
    `${isEqual(report) ? mark.done() : mark.failed()} Rebuilt from Git in ${(report.recoveryMs / 1000).toFixed(1)} s`,
    `  ${phases}`,
    `  ${report.before} objects before, ${report.after} after: ${report.equal} equal, ${report.different.length} different, ${report.missing.length} missing, ${report.extra.length} extra`,
    ...report.different.map(
      one =>
        `  different: ${one.resource}${one.namespace ? ` in ${one.namespace}` : ''}  ${one.changes.map(change => change.path).join(', ')}`,
    ),
    ...report.missing.map(name => `  missing: ${name}`),
    ...report.extra.map(name => `  extra: ${name}`),
    `  last commit ${short(report.lastCommit)}`,
    ...(report.lost.length === 0 ? ['  data loss none'] : report.lost.map(line => `  lost: ${line}`)),
  ].join('\n');
}

async function ask(name: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new DarumaError('CONFIRMATION_NEEDED', 'a rebuild destroys the cluster first', { hint: 'daruma rebuild --yes' });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const typed = (
      await terminal.question(`This destroys the cluster of ${name} and rebuilds it from Git. Type "${name}" to go on: `)
    ).trim();
    if (typed !== name) throw new DarumaError('CONFIRMATION_NEEDED', 'nothing was done', { hint: `type ${name}, or pass --yes` });
  } finally {
    terminal.close();
  }
}
