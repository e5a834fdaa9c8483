// Does a service answer as it should? Asked by the ingress, as a user's browser asks.
import { isDeepStrictEqual } from 'node:util';
import type { RepositoryName } from '../context.ts';
import { type Check, passed, short, waiting } from './check.ts';

export interface HttpParameters {
  host: string;
  path: string;
  status?: number;
  /** A pattern that the body must match. */
  matches?: string;
  /** Fields of a JSON body with their values. */
  json?: Record<string, unknown>;
  /** `version` of a JSON body is of this repository's newest commit (or, `not`, of another one). */
  version?: { headOf: RepositoryName; not?: boolean };
}

export const http: Check<HttpParameters> = async ({ host, path, status = 200, matches, json, version }, scope) => {
  const answer = await scope.context.http(host, path, scope);
  const url = `${host}${path}`;
  if (answer.status !== status) return waiting(`${url} answers ${answer.status}`);
  if (matches && !new RegExp(matches).test(answer.body)) return waiting(`${url} answers "${answer.body.trim().slice(0, 60)}"`);
  if (!json && !version) return passed(`${url} answers "${answer.body.trim().slice(0, 60)}"`);
  const body = parseObject(answer.body);
  if (!body) return waiting(`${url} does not answer with JSON`);
  for (const [key, wanted] of Object.entries(json ?? {})) {
    if (!isDeepStrictEqual(body[key], wanted))
      return waiting(`${url} has ${key} ${JSON.stringify(body[key])}, not yet ${JSON.stringify(wanted)}`);
  }
  const found = String(body['version'] ?? '');
  if (version) {
    const current = found.startsWith(await scope.head(version.headOf));
    if (current === Boolean(version.not)) return waiting(`${host} answers with version ${short(found)}`);
  }
  return passed(`${host} answers with version ${short(found)}`);
};

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
