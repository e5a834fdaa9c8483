import { describe, expect, it } from 'vitest';
import {
  Informer,
  isApiError,
  KubeClient,
  type KubeObject,
  type KubeRequest,
  type KubeResponse,
  type KubeTransport,
} from './index.ts';

/** Answers each request by a function of its method and path; watches are streams that the test feeds. */
class ScriptedTransport implements KubeTransport {
  readonly requests: KubeRequest[] = [];
  readonly #answer: (request: KubeRequest) => { status?: number; body?: unknown; lines?: AsyncIterable<string> };

  constructor(answer: (request: KubeRequest) => { status?: number; body?: unknown; lines?: AsyncIterable<string> }) {
    this.#answer = answer;
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    this.requests.push(request);
    const { status = 200, body, lines } = this.#answer(request);
    return {
      status,
      headers: {},
      text: async () => JSON.stringify(body),
      lines: () => lines ?? (async function* () {})(),
      bytes: async function* () {},
    };
  }

  async [Symbol.asyncDispose]() {}
}

const configMap = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'a', uid: `uid-${name}`, resourceVersion },
});

describe('KubeClient', () => {
  it('addresses objects by kind, with the field manager and dry run in the query', async () => {
    const transport = new ScriptedTransport(() => ({ body: configMap('x', '1') }));
    const client = new KubeClient(transport, { userAgent: 'test', fieldManager: 'me' });
    await client.apply(configMap('x', ''), { dryRun: true, force: true });
    const [request] = transport.requests;
    expect(request?.method).toBe('PATCH');
    expect(request?.path).toBe('/api/v1/namespaces/a/configmaps/x?fieldManager=me&dryRun=All&force=true');
    expect(request?.headers?.['content-type']).toBe('application/apply-patch+yaml');
  });

  it('answers undefined for what is not there, and throws the reason of other failures', async () => {
    const transport = new ScriptedTransport(({ path }) =>
      path.endsWith('/gone')
        ? { status: 404, body: { kind: 'Status', reason: 'NotFound', message: 'no' } }
        : { status: 409, body: { kind: 'Status', reason: 'Conflict', message: 'moved on' } },
    );
    const client = new KubeClient(transport);
    expect(await client.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'a', name: 'gone' })).toBeUndefined();
    const failure = await client.update(configMap('x', '1')).catch((error: unknown) => error);
    expect(isApiError(failure, 'Conflict')).toBe(true);
    expect((failure as Error).message).toBe('moved on');
  });

  it('finds unknown kinds by discovery, once', async () => {
    const transport = new ScriptedTransport(({ path }) =>
      path === '/apis/example.com/v1'
        ? {
            body: {
              resources: [
                { name: 'daggers', kind: 'Dagger', namespaced: false, verbs: ['get'] },
                { name: 'daggers/status', kind: 'Dagger', namespaced: false, verbs: ['get'] },
              ],
            },
          }
        : { body: { apiVersion: 'example.com/v1', kind: 'Dagger', metadata: { name: 'x' } } },
    );
    const client = new KubeClient(transport);
    await client.get({ apiVersion: 'example.com/v1', kind: 'Dagger', name: 'x' });
    await client.get({ apiVersion: 'example.com/v1', kind: 'Dagger', name: 'x' });
    expect(transport.requests.map(request => request.path)).toEqual([
      '/apis/example.com/v1',
      '/apis/example.com/v1/daggers/x',
      '/apis/example.com/v1/daggers/x',
    ]);
    await expect(client.get({ apiVersion: 'example.com/v1', kind: 'Sword', name: 'x' })).rejects.toThrow('serves no kind Sword');
  });
});

describe('Informer', () => {
  it('lists, follows, and lists again after 410 with the right deletions', async () => {
    let lists = 0;
    const stop = new AbortController();
    const transport = new ScriptedTransport(({ path }) => {
      if (!path.includes('watch=true')) {
        lists++;
        const items =
          lists === 1 ? [configMap('one', '1'), configMap('two', '2')] : [configMap('two', '5'), configMap('three', '6')];
        return { body: { items, metadata: { resourceVersion: lists === 1 ? '2' : '6' } } };
      }
      const first = lists === 1;
      return {
        lines: (async function* () {
          if (first) {
            yield JSON.stringify({ type: 'MODIFIED', object: configMap('one', '3') });
            yield JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
          } else await new Promise(resolve => stop.signal.addEventListener('abort', resolve));
        })(),
      };
    });
    const informer = new Informer(new KubeClient(transport), { apiVersion: 'v1', kind: 'ConfigMap' }, { signal: stop.signal });
    const seen: string[] = [];
    const done = new Promise<void>(resolve => {
      informer.onChange(event => {
        seen.push(`${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`);
        if (event.object.metadata.name === 'three') resolve();
      });
    });
    await informer.synced();
    await done;
    expect(seen).toEqual(['added one 1', 'added two 2', 'modified one 3', 'deleted one 3', 'modified two 5', 'added three 6']);
    expect(
      informer
        .list()
        .map(object => object.metadata.name)
        .sort(),
    ).toEqual(['three', 'two']);
    const watched = transport.requests
      .filter(request => request.path.includes('watch=true'))
      .map(request => /resourceVersion=(\d+)/.exec(request.path)?.[1]);
    expect(watched[0]).toBe('2');
    stop.abort();
  });
});
