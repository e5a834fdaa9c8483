// Builds the context of scenarios from what a running platform tells about itself.
import { join } from 'node:path';
import { createApiClient } from '../../platform/api/index.ts';
import { DarumaError } from '../../platform/core/index.ts';
import { KubeClient } from '../../platform/kube/index.ts';
import type { ScenarioContext } from './context.ts';
import { fetchText } from './fetch-text.ts';
import { FollowingTransport } from './following-transport.ts';
import { GitWorkingCopies } from './working-copies.ts';

export interface ScenarioContextOptions {
  home: string;
  /** Base URLs and names as `status --json` gives them. */
  api: string;
  git: { url: string };
  /** `127.0.0.1:5001`. */
  registry: string;
  ingress: { port: number };
  kubeconfig: string;
  /** Tokens by user; `lead` is needed, `dev` for the refusals. */
  tokens: Record<string, string>;
  /** Who the working copies push as. `lead` unless told. */
  learner?: string;
  /** Reaches a service where there is no ingress on this machine. */
  http?: ScenarioContext['http'];
}

/** Opens no connection yet. Dispose it to close those that were opened. */
export function createScenarioContext(options: ScenarioContextOptions): ScenarioContext & AsyncDisposable {
  const { home, api, git, registry, ingress, kubeconfig, tokens, learner = 'lead' } = options;
  const tokenOf = (user: string) => {
    const token = tokens[user];
    if (token === undefined)
      throw new DarumaError('NOT_FOUND', `there is no token for user ${user}`, { hint: `daruma credentials ${user}` });
    return token;
  };
  const authorization = (user: string) => `Basic ${Buffer.from(`${user}:${tokenOf(user)}`).toString('base64')}`;
  const transport = new FollowingTransport(kubeconfig);
  return {
    api: (user = learner) => createApiClient({ url: api, token: tokenOf(user) }),
    cluster: new KubeClient(transport, { userAgent: 'daruma-scenarios' }),
    git: new GitWorkingCopies({ folder: join(home, 'work'), url: git.url, user: learner, token: tokenOf(learner) }),
    http:
      options.http ??
      ((host, path, { signal }) => fetchText({ port: ingress.port, path, headers: { host: `${host}:${ingress.port}` }, signal })),
    imageTags: async (image, { signal }) => {
      const port = Number(registry.slice(registry.lastIndexOf(':') + 1));
      const headers = { authorization: authorization(learner) };
      const { status, body } = await fetchText({ port, path: `/v2/${image}/tags/list?n=10000`, headers, signal });
      if (status === 404) return [];
      if (status !== 200) throw new DarumaError('CHECK_FAILED', `the registry answers ${status} for ${image}`);
      return (JSON.parse(body) as { tags: string[] | null }).tags ?? [];
    },
    variables: new Map([
      ['work', join(home, 'work')],
      ['kubeconfig', kubeconfig],
      ['port', String(ingress.port)],
    ]),
    baseline: undefined,
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
