// `daruma drift`: what was changed behind Git, by whom, and whether it was healed.
import type { DriftView } from '../../platform/api/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { print, printJson } from './output.ts';

export async function run(options: GlobalOptions & { output?: string }): Promise<void> {
  const { api } = await connect(options);
  const drift = await api.drift();
  if (options.output === 'json') return printJson(drift);
  if (drift.length === 0) return print('no drift');
  for (const one of drift) print(driftText(one));
}

export function driftText({ application, resource, kind, changes, by, seenAt, healedMs }: DriftView): string {
  const told = by && [by.user && `user ${by.user}`, by.client, by.sourceAddress].filter(Boolean).join(', ');
  const who = by ? [by.manager, by.verb, told && `(${told})`].filter(Boolean).join(' ') : 'unknown';
  const what = changes.map(
    ({ path, desired, live }) => `  ${path}  ${JSON.stringify(desired) ?? '(none)'} → ${JSON.stringify(live) ?? '(none)'}`,
  );
  const end = healedMs === undefined ? `seen ${seenAt} · not healed` : `seen ${seenAt} · healed in ${healedMs} ms`;
  return [`${application} · ${resource} ${kind} outside Git`, ...what, `  by ${who}`, `  ${end}`].join('\n');
}
