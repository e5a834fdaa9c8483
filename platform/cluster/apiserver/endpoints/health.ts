// /healthz, /livez and /readyz, with their verbose forms and single checks.
import type { ApiParts } from '../api-parts.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { isTrue } from '../request-info.ts';
import { pageNotFound, text } from './text.ts';

const BASE = ['ping', 'log', 'etcd'];

function checksOf(kind: string, parts: ApiParts): Map<string, boolean> {
  const checks = new Map(BASE.map(name => [name, true]));
  if (kind !== 'livez') checks.set('poststarthook/rbac/bootstrap-roles', parts.ready());
  if (kind === 'readyz') checks.set('shutdown', true);
  return checks;
}

/** Undefined when the path is none of health. */
export function serveHealth(parts: ApiParts, { info }: RequestContext): ApiResponse | undefined {
  const match = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(info.path.replace(/\/$/, ''));
  if (!match) return undefined;
  const [, kind = '', single] = match;
  const checks = checksOf(kind, parts);
  if (single !== undefined) {
    const ok = checks.get(single);
    if (ok === undefined) return pageNotFound();
    return ok ? text('ok') : text(`internal server error: ${single} is not finished\n`, 500);
  }
  const excluded = new Set(info.query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const [name, ok] of checks) {
    if (excluded.has(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    failed ||= !ok;
    lines.push(ok ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (failed) return text(`${lines.join('\n')}\n${kind} check failed\n`, 500);
  return info.query.has('verbose') && isTrue(info.query.get('verbose') || 'true')
    ? text(`${lines.join('\n')}\n${kind} check passed\n`)
    : text('ok');
}
