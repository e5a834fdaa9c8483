// Continue tokens: where a chunked list goes on and at which revision, in apiserver's own format.
import { badRequest } from '../status-error.ts';

interface Continuation {
  revision: number;
  /** NAMESPACE/NAME of the last object sent. */
  after: string;
}

export function encodeContinue({ revision, after }: Continuation): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${after}\u0000` })).toString('base64url');
}

function bad(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

function jsonError(bytes: Buffer): string {
  const first = bytes[0];
  if (first === undefined) return 'unexpected end of JSON input';
  const shown = first >= 0x20 && first < 0x7f ? String.fromCharCode(first) : `\\u${first.toString(16).padStart(4, '0')}`;
  return `invalid character '${shown}' looking for beginning of value`;
}

/** @throws StatusError 400 */
export function decodeContinue(token: string): Continuation {
  const wrong = /[^A-Za-z0-9_-]/.exec(token);
  if (wrong) throw bad(`illegal base64 data at input byte ${wrong.index}`);
  const bytes = Buffer.from(token, 'base64url');
  let parsed: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    parsed = JSON.parse(bytes.toString()) as typeof parsed;
  } catch {
    throw bad(jsonError(bytes));
  }
  if (parsed?.v !== 'meta.k8s.io/v1')
    throw bad(`server does not recognize this encoded version ${JSON.stringify(String(parsed?.v ?? ''))}`);
  if (typeof parsed.rv !== 'number' || parsed.rv <= 0)
    throw bad('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof parsed.start !== 'string' || parsed.start === '') throw bad('encoded start key empty (version meta.k8s.io/v1)');
  return { revision: parsed.rv, after: parsed.start.replace(/\0$/, '') };
}
