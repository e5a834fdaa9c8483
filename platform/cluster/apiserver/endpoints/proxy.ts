// The proxy subresources: an HTTP request handed on to a port of a pod, directly or by a service's ready endpoints.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../../core/index.ts';
import type { KindObject } from '../../kinds/index.ts';
import type { PodTarget } from '../../pod-connector.ts';
import type { ApiParts } from '../api-parts.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import { keyOf } from '../registry/served-resource.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { badRequest, notFound, StatusError } from '../status-error.ts';

const HOP_HEADERS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'content-length',
  'host',
  'te',
  'trailer',
]);

function unavailable(message: string): StatusError {
  return new StatusError(503, message, { reason: 'ServiceUnavailable' });
}

/** `[scheme:]name[:port]`, as proxy paths name their target. */
function parseName(text: string): { name: string; port: string } {
  const pieces = text.split(':');
  if (pieces.length === 3) return { name: pieces[1] as string, port: pieces[2] as string };
  return { name: pieces[0] as string, port: pieces[1] ?? '' };
}

export async function proxyToPod(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace } = context.info;
  const { name, port } = parseName(context.info.name);
  const record = parts.store.get(keyOf(resource, namespace, name));
  if (!record) throw notFound(resource.name, name);
  const spec = record.object['spec'] as { nodeName?: string; containers: { ports?: { containerPort: number }[] }[] };
  const number =
    port === '' ? (spec.containers.flatMap(container => container.ports ?? [])[0]?.containerPort ?? 80) : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw badRequest(`invalid port ${JSON.stringify(port)}`);
  return forward(parts, context, { namespace, name }, number);
}

interface Slice {
  endpoints?: { conditions?: { ready?: boolean }; targetRef?: { kind?: string; name?: string } }[];
  ports?: { name?: string; port?: number }[];
}

export async function proxyToService(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace } = context.info;
  const { name, port } = parseName(context.info.name);
  const record = parts.store.get(keyOf(resource, namespace, name));
  if (!record) throw notFound(resource.name, name);
  const ports = ((record.object['spec'] as { ports?: { name?: string; port: number }[] }).ports ?? []) as {
    name?: string;
    port: number;
  }[];
  const wanted = port === '' ? ports[0] : ports.find(candidate => candidate.name === port || String(candidate.port) === port);
  if (!wanted) throw unavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
  const slices = parts.store
    .list('discovery.k8s.io/endpointslices', namespace)
    .map(({ object }) => object as unknown as KindObject & Slice)
    .filter(slice => (slice.metadata['labels'] as Record<string, string> | undefined)?.['kubernetes.io/service-name'] === name);
  for (const slice of slices) {
    const target = slice.ports?.find(candidate => (candidate.name ?? '') === (wanted.name ?? ''))?.port;
    const ready = (slice.endpoints ?? []).filter(
      endpoint => endpoint.conditions?.ready !== false && endpoint.targetRef?.kind === 'Pod',
    );
    const chosen = ready[Math.floor(Math.random() * ready.length)];
    if (target !== undefined && chosen?.targetRef?.name)
      return forward(parts, context, { namespace, name: chosen.targetRef.name }, target);
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

async function forward(parts: ApiParts, context: RequestContext, target: PodTarget, port: number): Promise<ApiResponse> {
  const connector = parts.connector();
  if (!connector) throw unavailable(`error trying to reach service: no node runs pod ${target.name}`);
  let connection: Duplex;
  try {
    connection = await connector.portForward(target, port);
  } catch (error) {
    throw unavailable(`error trying to reach service: ${messageOf(error)}`);
  }
  const { info, request } = context;
  const path = `/${info.rest.map(encodeURIComponent).join('/')}${info.path.endsWith('/') && info.rest.length > 0 ? '/' : ''}`;
  const search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
  const headers: Record<string, string> = { host: `${target.name}:${port}` };
  for (const [key, value] of Object.entries(request.headers))
    if (value !== undefined && !HOP_HEADERS.has(key)) headers[key] = value;
  const body = await request.body();
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = httpRequest({
      createConnection: () => connection,
      method: request.method,
      path: path + search,
      headers: { ...headers, 'content-length': String(body.length) },
      signal: request.signal,
    });
    outgoing.once('response', resolve);
    outgoing.once('error', error => reject(unavailable(`error trying to reach service: ${error.message}`)));
    outgoing.end(body);
  });
  const answered: Record<string, string | string[]> = {};
  for (const [key, value] of Object.entries(answer.headers))
    if (value !== undefined && !HOP_HEADERS.has(key)) answered[key] = value;
  return {
    status: answer.statusCode ?? 502,
    headers: answered,
    stream: async (sink, signal) => {
      const stop = () => connection.destroy();
      signal.addEventListener('abort', stop, { once: true });
      try {
        for await (const chunk of answer) {
          sink.write(chunk as Uint8Array);
          await sink.drained();
        }
      } finally {
        signal.removeEventListener('abort', stop);
        connection.destroy();
      }
    },
  };
}
