// Was a change behind Git's back found since the step began, whose was it, and is it healed?
import type { Attribution, DriftView } from '../../../platform/core/index.ts';
import { baselineOf, type Check, passed, waiting } from './check.ts';

export interface DriftParameters {
  application: string;
  /** `Deployment.apps/demo`, as the platform words it; or `Kind/name` alone. */
  resource: string;
  kind?: DriftView['kind'];
  healed: boolean;
  /** Someone must be named. */
  attributed?: boolean;
}

const named = (by: Attribution | undefined) => by?.user ?? by?.manager;

function describe({ resource, kind, by, changes, healedMs }: DriftView): string {
  const change = changes[0]
    ? ` ${changes[0].path} ${JSON.stringify(changes[0].desired)} → ${JSON.stringify(changes[0].live)}`
    : '';
  const who = named(by) ? ` by ${named(by)}${by?.manager && by.user ? ` (${by.manager})` : ''}` : '';
  return `${resource} ${kind}${change}${who}${healedMs === undefined ? '' : `, healed in ${healedMs} ms`}`;
}

/** `Deployment.apps/demo` and `Deployment/demo` are the same here. */
const plain = (resource: string) => resource.replace(/^([^./]+)[^/]*\//, '$1/');

export const drift: Check<DriftParameters> = async ({ application, resource, kind, healed, attributed = true }, scope) => {
  const { time } = baselineOf(scope);
  const found = (await scope.context.api().drift(scope)).filter(
    candidate =>
      candidate.application === application &&
      plain(candidate.resource) === plain(resource) &&
      candidate.seenAt >= time &&
      (!kind || candidate.kind === kind),
  );
  const newest = found.sort((a, b) => b.seenAt.localeCompare(a.seenAt))[0];
  if (!newest) return waiting(`nobody has touched ${resource} of ${application} yet`);
  if (healed !== (newest.healedAt !== undefined)) return waiting(`${describe(newest)}: ${healed ? 'not healed yet' : 'healed'}`);
  if (attributed && !named(newest.by)) return waiting(`${describe(newest)}: it is not known yet by whom`);
  return passed(describe(newest));
};
