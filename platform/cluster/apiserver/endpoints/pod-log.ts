// GET of a pod's log: options checked here, lines from the node.
import { DarumaError, messageOf } from '../../../core/index.ts';
import type { FieldError } from '../../schema/index.ts';
import type { ApiParts } from '../api-parts.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { isTrue } from '../request-info.ts';
import { badRequest, internalError, invalid, methodNotAllowed } from '../status-error.ts';
import { findPod, targetOf } from './pod-target.ts';

const TEXT = { 'content-type': 'text/plain' };

function whole(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^-?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

const flag = (query: URLSearchParams, name: string): boolean => query.has(name) && isTrue(query.get(name));

function optionErrors(values: {
  tailLines?: number;
  limitBytes?: number;
  sinceSeconds?: number;
  sinceTime?: string;
}): FieldError[] {
  const errors: FieldError[] = [];
  if (values.tailLines !== undefined && values.tailLines < 0)
    errors.push({
      type: 'Invalid value',
      field: 'tailLines',
      badValue: values.tailLines,
      detail: 'must be greater than or equal to 0',
    });
  if (values.limitBytes !== undefined && values.limitBytes < 1)
    errors.push({ type: 'Invalid value', field: 'limitBytes', badValue: values.limitBytes, detail: 'must be greater than 0' });
  if (values.sinceSeconds !== undefined && values.sinceTime !== undefined)
    errors.push({ type: 'Forbidden', field: '', detail: 'at most one of `sinceTime` or `sinceSeconds` may be specified' });
  else if (values.sinceSeconds !== undefined && values.sinceSeconds < 1)
    errors.push({
      type: 'Invalid value',
      field: 'sinceSeconds',
      badValue: values.sinceSeconds,
      detail: 'must be greater than 0',
    });
  return errors;
}

export async function serveLog(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { verb, query, name } = context.info;
  if (verb !== 'get') throw methodNotAllowed();
  const pod = findPod(parts, context, resource);
  const values = {
    ...optional('tailLines', whole(query, 'tailLines')),
    ...optional('limitBytes', whole(query, 'limitBytes')),
    ...optional('sinceSeconds', whole(query, 'sinceSeconds')),
    ...optional('sinceTime', query.get('sinceTime') ?? undefined),
  };
  const errors = optionErrors(values);
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors);
  const target = targetOf(pod, query.get('container'));
  if (!pod.spec.nodeName) return { status: 204, headers: {} };
  const connector = parts.connector();
  if (!connector) throw internalError(`no node serves the logs of pod ${name}`);
  const options = {
    ...values,
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
  };
  const stopped = new AbortController();
  const lines = connector.logs(target, { ...options, signal: stopped.signal })[Symbol.asyncIterator]();
  // The first piece is awaited before the status is sent, so that a failure is an answer and not a cut stream.
  const first = options.follow ? undefined : await firstPiece(lines);
  return {
    status: 200,
    headers: TEXT,
    stream: async (sink, signal) => {
      const stop = () => stopped.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        for (let piece = first ?? (await lines.next()); !piece.done && !signal.aborted; piece = await lines.next()) {
          sink.write(piece.value);
          await sink.drained();
        }
      } catch (error) {
        if (!signal.aborted) sink.write(`${messageOf(error)}\n`);
      } finally {
        stop();
        signal.removeEventListener('abort', stop);
      }
    },
  };
}

async function firstPiece(lines: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await lines.next();
  } catch (error) {
    if (error instanceof DarumaError) throw badRequest(error.message);
    throw internalError(messageOf(error));
  }
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
