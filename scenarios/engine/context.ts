// What checks and actions work with: the API, both repositories, the cluster, the registry and the ingress of one platform.
import type { ApiClient } from '../../platform/api/index.ts';
import type { KubeClient } from '../../platform/kube/index.ts';

export type RepositoryName = 'demo-app' | 'demo-gitops';

/** What stood when a step began: checks ask whether something happened since. */
export interface Baseline {
  /** RFC 3339. */
  time: string;
  /** The journal's newest entry. */
  seq: number;
  /** Tips of `main` on the server. */
  heads: Record<RepositoryName, string>;
  /** Uid of the namespace kube-system: another one is another cluster. */
  clusterUid: string;
}

export interface HttpAnswer {
  status: number;
  body: string;
}

/** The learner's clones under `<home>/work`, and what stands on the server. Both are driven by the git program. */
export interface WorkingCopies {
  folder(repository: RepositoryName): string;
  /** Clones what is missing and sets the copies to the server's `main`; changes of the learner are stashed, not lost. */
  prepare(options: { signal: AbortSignal }): Promise<void>;
  /** The tip of `main` on the server. */
  remoteHead(repository: RepositoryName, options: { signal: AbortSignal }): Promise<string>;
  /** Runs git in the working copy. @throws CHECK_FAILED with git's own words */
  git(repository: RepositoryName, args: string[], options: { signal: AbortSignal }): Promise<string>;
  /** A file at a commit that the server has; undefined when there is none. */
  remoteFile(
    repository: RepositoryName,
    sha: string,
    path: string,
    options: { signal: AbortSignal },
  ): Promise<string | undefined>;
}

export interface ScenarioContext {
  /** The API as this user; `lead` and `dev` are there. */
  api(user?: string): ApiClient;
  cluster: KubeClient;
  git: WorkingCopies;
  /** GET by the ingress with this Host; never follows redirects. */
  http(host: string, path: string, options: { signal: AbortSignal }): Promise<HttpAnswer>;
  /** All tags of an image's repository in the registry; none when it has none. */
  imageTags(image: string, options: { signal: AbortSignal }): Promise<string[]>;
  /** Values that steps have remembered, for `${name}` in parameters. */
  variables: Map<string, string>;
  /** Of the current step; undefined before the first one began. */
  baseline: Baseline | undefined;
}
