// Builds, wires and stops every subsystem of a platform, in order. The one place where they meet.
import { join } from 'node:path';
import { type ApiServer, type PlatformStatus, startApi } from '../platform/api/index.ts';
import {
  type Clock,
  DarumaError,
  type HomePaths,
  homePaths,
  Journal,
  type Logger,
  packageVersion,
  systemClock,
  writeFileAtomic,
} from '../platform/core/index.ts';
import { checkGit, type GitServer, startGitServer } from '../platform/git/index.ts';
import { type Renderer, startGitops, warmUpRenderer } from '../platform/gitops/index.ts';
import { createPipeline, type Pipeline } from '../platform/pipeline/index.ts';
import { type Registry, startRegistry } from '../platform/registry/index.ts';
import { bumpImage } from './bump.ts';
import { ClusterSide } from './cluster-side.ts';
import type { ClusterProvider } from './clusters/cluster-provider.ts';
import { createProvider } from './clusters/create-provider.ts';
import { endLeftoverHost } from './clusters/embedded.ts';
import { type PlatformConfig, type ProviderName, readConfig, writeConfig } from './config.ts';
import { type Credentials, openCredentials } from './credentials.ts';
import { deployEverythingOnce, environmentsText } from './first-sync.ts';
import { BRANCH, gitBridge } from './git-bridge.ts';
import { lockHome } from './home-lock.ts';
import { ImageAction } from './image-action.ts';
import { openLog } from './log-files.ts';
import { Operations } from './operations.ts';
import { choosePorts, type Ports } from './ports.ts';
import { identityOf } from './process-identity.ts';
import { pushListener } from './push-listener.ts';
import { rebuild } from './rebuild.ts';
import { APP_REPOSITORY, GIT_URL, GITOPS_REPOSITORY, repositoryBehind, seedApplication, seedGitops } from './seed.ts';

export interface StepReport {
  step: string;
  state: 'running' | 'done' | 'failed';
  detail: string;
  /** Since the step began. */
  ms: number;
}

export interface ApplianceOptions {
  home: string;
  name: string;
  /** As given now; an existing home keeps what it was made with. */
  provider?: ProviderName;
  providerOptions?: Record<string, string>;
  ports: Partial<Ports>;
  onStep: (report: StepReport) => void;
  signal: AbortSignal;
  clock?: Clock;
}

const PORT_ATTEMPTS = 3;
const FIRST_SYNC_TIMEOUT_MS = 180_000;
const KEPT_STATE_TIMEOUT_MS = 30_000;
const HOST = '127.0.0.1';

/** A running platform. Disposing it stops everything in reverse order; state stays in the home. */
export interface Appliance extends AsyncDisposable {
  status(): Promise<PlatformStatus>;
  /** Resolves with the reason when a client asked to stop. */
  readonly stopRequested: Promise<string>;
}

/** @throws DarumaError; then everything that had started has been stopped */
export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  for (let attempt = 1; ; attempt++) {
    const parts = new Parts();
    try {
      return await assemble(options, parts);
    } catch (error) {
      await parts[Symbol.asyncDispose]();
      if (attempt === PORT_ATTEMPTS || !(await portsAreFree(error, options))) throw error;
    }
  }
}

/** Whether another program took a port between choosing and listening, and another may be chosen: nobody was told of the ports yet. */
async function portsAreFree(error: unknown, { home, ports }: ApplianceOptions): Promise<boolean> {
  if (!(error instanceof DarumaError) || error.code !== 'PORT_IN_USE') return false;
  if (Object.values(ports).some(port => port !== 0)) return false;
  const config = await readConfig(homePaths(home));
  return config !== undefined && !config.initialised && config.provider === 'embedded';
}

async function assemble(options: ApplianceOptions, parts: Parts): Promise<Appliance> {
  const { signal, clock = systemClock } = options;
  const began = clock.now().getTime();
  const step = steps(options.onStep, clock);
  const paths = homePaths(options.home);

  const homeStep = step('home');
  await checkGit();
  parts.add(await lockHome(paths));
  const config = await openConfig(paths, options);
  const credentials = await openCredentials(paths);
  const { logger, file } = await openLog(paths);
  parts.add({ [Symbol.asyncDispose]: () => new Promise<void>(resolve => file.end(() => resolve())) });
  const journal = parts.add(await Journal.open(paths.journal, { clock }));
  homeStep.done(paths.root);

  // Everything that does not wait for another starts at once; the render engine is compiled beside.
  const renderer = parts.add(warmUpRenderer({ cacheDir: paths.gitops }));
  const { ports } = config;
  const registry = await startRegistry({
    directory: paths.registry,
    port: ports.registry,
    users: credentials,
    policy: { mayPull: () => true, mayPush: ({ role }) => role !== 'node' },
    onPush: ({ repository, reference, digest, user }) =>
      void journal.record('registry.push', { repository, reference, digest }, { actor: user }),
    logger: logger.child('registry'),
  });
  parts.add(registry);

  const context: Context = { options, paths, config, credentials, logger, journal, clock, registry, renderer, parts };
  const provider = createProvider({
    config,
    paths,
    logger,
    registry: () => registryAccess(registry, credentials),
    listenForNodes: listener => registry.listenTls(listener),
  });
  const platform = new Platform(context, provider);

  const clusterStep = step('cluster');
  const giveUp = new AbortController();
  const clusterStarts = platform.side
    .startCluster({ signal: AbortSignal.any([signal, giveUp.signal]), onProgress: detail => clusterStep.progress(detail) })
    .then(cluster => {
      clusterStep.done(cluster.description);
      return cluster;
    });
  clusterStarts.catch(error => clusterStep.failed(error));
  parts.add(platform.side);
  // When something else fails, what the cluster has begun is ended before this process is.
  parts.add({
    async [Symbol.asyncDispose]() {
      giveUp.abort(new DarumaError('INTERRUPTED', 'the platform stops'));
      await clusterStarts.catch(() => {});
    },
  });

  const gitStep = step('git');
  const git = await platform.startGit();
  gitStep.done(`${(await git.repositories.list()).length} repositories at ${git.url}`);
  const registryStep = step('registry');
  await platform.ensureSeedImage(signal);
  registryStep.done(registry.url.replace(/^https?:\/\//, ''));
  await clusterStarts;

  const engineStep = step('gitops');
  await platform.side.startEngine();
  const api = await platform.startApi();
  engineStep.done('the root application is read');

  const syncStep = step(config.initialised ? 'pods' : 'first sync');
  if (config.initialised) {
    platform.ready = true;
    await git.announceMissed();
    // What was broken before is broken still, and no reason not to be up.
    await platform
      .untilHealthy({ signal, timeoutMs: KEPT_STATE_TIMEOUT_MS, onProgress: detail => syncStep.progress(detail) })
      .catch(error => {
        signal.throwIfAborted();
        logger.warn('not every application is healthy', { error });
      });
  } else {
    await deployEverythingOnce({
      gitops: platform.side.gitops,
      clock,
      signal,
      timeoutMs: FIRST_SYNC_TIMEOUT_MS,
      onProgress: detail => syncStep.progress(detail),
    });
    config.initialised = true;
    await writeConfig(paths, config);
  }
  syncStep.done(environmentsText(await platform.side.gitops.applications()));
  if (!platform.ready) await git.announceMissed();
  platform.ready = true;
  journal.record('platform.started', {
    home: paths.root,
    provider: provider.name,
    version: packageVersion(),
    ms: clock.now().getTime() - began,
  });
  logger.info('the platform is up', { api: api.url });
  // Layers that no image names any more go at each start; nothing waits for it.
  void registry.collectGarbage().catch(error => logger.warn('unused layers were not removed', { error }));
  return {
    status: () => platform.status(),
    stopRequested: platform.stopRequested,
    async [Symbol.asyncDispose]() {
      journal.record('platform.stopped', { reason: platform.stopReason });
      await parts[Symbol.asyncDispose]();
    },
  };
}

interface Context {
  options: ApplianceOptions;
  paths: HomePaths;
  config: PlatformConfig;
  credentials: Credentials;
  logger: Logger;
  journal: Journal;
  clock: Clock;
  registry: Registry;
  renderer: Renderer;
  parts: Parts;
}

/** The wired subsystems and what they tell of themselves. */
class Platform {
  readonly side: ClusterSide;
  readonly stopRequested: Promise<string>;
  ready = false;
  stopReason = 'stopped';
  readonly #context: Context;
  readonly #provider: ClusterProvider;
  readonly #images: ImageAction;
  #requestStop: (reason: string) => void = () => {};
  #git: GitServer | undefined;
  #pipeline: Pipeline | undefined;
  #api: ApiServer | undefined;
  #repositories: string[] = [];

  constructor(context: Context, provider: ClusterProvider) {
    this.#context = context;
    this.#provider = provider;
    const { paths, credentials, registry, logger } = context;
    this.stopRequested = new Promise(resolve => {
      this.#requestStop = reason => {
        this.stopReason = reason;
        resolve(reason);
      };
    });
    const bot = credentials.of('bot');
    this.#images = new ImageAction({
      repositories: () => this.git.repositories,
      registry: { url: registry.url, username: bot.user, password: bot.token },
      base: provider.imageBase,
      cacheDir: join(paths.root, 'images'),
      logger: logger.child('images'),
    });
    this.side = new ClusterSide({
      provider,
      kubeconfig: paths.kubeconfig,
      startEngine: ({ client, audit, awaitRestore }) =>
        startGitops({
          client: client.as('daruma'),
          git: gitBridge(this.git.repositories),
          resolveRepository: repoURL => repositoryBehind(repoURL, this.git.url),
          events: context.journal,
          ...(audit ? { audit } : {}),
          namespace: 'daruma',
          clock: context.clock,
          logger: logger.child('gitops'),
          cacheDir: paths.gitops,
          root: { name: 'root', repoURL: `${GIT_URL}/${GITOPS_REPOSITORY}.git`, path: 'clusters/local', targetRevision: BRANCH },
          awaitRestore,
          renderer: context.renderer,
        }),
    });
  }

  get git(): GitServer {
    if (!this.#git) throw new Error('the git server has not started');
    return this.#git;
  }

  get pipeline(): Pipeline {
    if (!this.#pipeline) throw new Error('the pipeline has not started');
    return this.#pipeline;
  }

  async startGit(): Promise<GitServer> {
    const { paths, config, credentials, logger, journal, clock, parts } = this.#context;
    this.#git = parts.add(
      await startGitServer({
        directory: paths.repositories,
        host: HOST,
        port: config.ports.git,
        users: credentials,
        policy: {
          mayRead: ({ role }) => role !== 'node',
          mayPush: ({ user, role, ref }) =>
            role === 'node' || ref.startsWith('refs/daruma/')
              ? { allowed: false, message: `${user} may not write ${ref}` }
              : { allowed: true },
        },
        onPush: pushListener({
          journal,
          pipeline: () => this.#pipeline,
          gitops: () => (this.side.started ? this.side.gitops : undefined),
        }),
        logger: logger.child('git'),
      }),
    );
    const { repositories } = this.#git;
    await seedApplication(repositories);
    await seedGitops(repositories, {
      imageTag: await this.#images.tagOf(APP_REPOSITORY, await repositories.resolve(APP_REPOSITORY, BRANCH)),
    });
    this.#repositories = await repositories.list();
    this.#pipeline = parts.add(
      await createPipeline({
        directory: paths.pipeline,
        repositories: {
          checkout: (repository, sha, into) => this.#images.checkout(repository, sha, into),
          hasPath: async (repository, sha, path) => (await repositories.treeHash(repository, sha, path)) !== undefined,
        },
        actions: {
          buildAndPush: request => this.#images.buildAndPush(request),
          bump: request => bumpImage(repositories, request),
        },
        events: journal,
        logger: logger.child('pipeline'),
        clock,
      }),
    );
    return this.#git;
  }

  /** The image of the seed commit is there before anything is deployed. */
  async ensureSeedImage(signal: AbortSignal): Promise<void> {
    if (!this.#context.config.initialised) await this.#images.ensure(APP_REPOSITORY, BRANCH, signal);
  }

  async startApi(): Promise<ApiServer> {
    const { paths, config, credentials, logger, journal, clock, options, parts } = this.#context;
    const operations = new Operations({
      paths,
      side: this.side,
      pipeline: () => this.pipeline,
      repositories: () => this.git.repositories,
      journal,
      status: () => this.status(),
      shutdown: reason => this.#requestStop(reason),
      rebuild: () =>
        rebuild({
          side: this.side,
          provider: this.#provider.name,
          paths,
          journal,
          clock,
          signal: options.signal,
          lastCommit: () => this.git.repositories.resolve(GITOPS_REPOSITORY, BRANCH),
          healthy: options => this.untilHealthy(options),
        }),
    });
    this.#api = parts.add(
      await startApi({
        host: HOST,
        port: config.ports.api,
        authenticate: token => credentials.caller(token),
        operations,
        journal,
        logger: logger.child('api'),
      }),
    );
    const record = { ...(await identityOf(process.pid)), api: this.#api.url, startedAt: clock.now().toISOString() };
    await writeFileAtomic(join(paths.root, 'run.json'), JSON.stringify(record));
    return this.#api;
  }

  async status(): Promise<PlatformStatus> {
    const apps = this.side.started ? await this.side.gitops.applications() : [];
    const { options, paths, config, registry } = this.#context;
    const cluster = this.side.started ? this.side.cluster : undefined;
    return {
      name: options.name,
      version: packageVersion(),
      home: paths.root,
      provider: this.#provider.name,
      ready: this.ready && this.side.started,
      pid: process.pid,
      api: this.#api?.url ?? '',
      git: { url: this.#git?.url ?? '', repositories: this.#repositories },
      registry: registry.url.replace(/^https?:\/\//, ''),
      ingress: { port: cluster?.ingressPort ?? config.ports.ingress },
      kubeconfig: paths.kubeconfig,
      apps: apps.map(({ name, environment, sync, health, revision, drift }) => ({
        name,
        environment,
        sync,
        health,
        revision,
        drift: drift.filter(one => one.healedAt === undefined).length,
      })),
      simulatedPods: cluster?.simulatedPods() ?? [],
    };
  }

  /** Resolves when every application is healthy, in sync or not. @throws DarumaError TIMEOUT */
  async untilHealthy({
    signal,
    timeoutMs,
    onProgress = () => {},
  }: {
    signal: AbortSignal;
    timeoutMs: number;
    onProgress?: (detail: string) => void;
  }): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const applications = await this.side.gitops.applications();
      const waiting = applications.filter(app => app.health !== 'Healthy');
      onProgress(environmentsText(applications));
      if (waiting.length === 0) return;
      if (Date.now() > deadline) {
        const names = waiting.map(app => `${app.name} (${app.message || app.health})`).join(', ');
        throw new DarumaError('TIMEOUT', `not healthy in time: ${names}`, { hint: 'daruma status' });
      }
      await this.#context.clock.sleep(25, { signal });
    }
  }
}

async function openConfig(
  paths: HomePaths,
  { name, provider, providerOptions, ports }: ApplianceOptions,
): Promise<PlatformConfig> {
  const known = await readConfig(paths);
  if (known && provider && known.provider !== provider) {
    throw new DarumaError('CONFLICT', `${paths.root} was made with the provider ${known.provider}, not ${provider}`, {
      hint: `daruma up without --cluster, another --home, or daruma down --purge first`,
    });
  }
  // A host whose appliance was killed may still be ending, on ports that are ours.
  await endLeftoverHost(paths);
  const config: PlatformConfig = {
    version: 1,
    name,
    provider: known?.provider ?? provider ?? 'embedded',
    ports: await choosePorts({
      asked: ports,
      // Before its first start was complete nobody was told of them; nodes of kind are made with theirs.
      kept: known && (known.initialised || known.provider !== 'embedded') ? known.ports : {},
      // Nodes of kind go on when the appliance was killed.
      ours: known?.provider === 'kind' ? ['cluster'] : [],
    }),
    providerOptions: { ...known?.providerOptions, ...providerOptions },
    initialised: known?.initialised ?? false,
  };
  await writeConfig(paths, config);
  return config;
}

function registryAccess(registry: Registry, credentials: Credentials) {
  const { user, token } = credentials.of('node');
  return { name: 'registry.daruma.internal', url: registry.url, username: user, password: token };
}

/** Disposes in reverse order, each part even when another failed. */
class Parts implements AsyncDisposable {
  readonly #parts: AsyncDisposable[] = [];

  add<T extends AsyncDisposable>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) {
      try {
        await part[Symbol.asyncDispose]();
      } catch (error) {
        process.stderr.write(`while stopping: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  }
}

function steps(onStep: (report: StepReport) => void, clock: Clock) {
  return (step: string) => {
    const from = clock.now().getTime();
    const report = (state: StepReport['state'], detail: string) =>
      onStep({ step, state, detail, ms: clock.now().getTime() - from });
    let last = '';
    report('running', '');
    return {
      progress: (detail: string) => {
        if (detail !== last) report('running', (last = detail));
      },
      done: (detail: string) => report('done', detail),
      failed: (error: unknown) => report('failed', error instanceof Error ? error.message : String(error)),
    };
  };
}
