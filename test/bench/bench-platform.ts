// A platform of its own for the bench, started as a user starts it: by the command line, on free ports, in a throw-away home.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { PlatformStatus } from '../../platform/api/index.ts';
import { assetPath } from '../../platform/core/index.ts';
import {
  KubeClient,
  type KubeObject,
  type KubeTransport,
  type ResourceKind,
  transportFromKubeconfig,
  type WatchEvent,
} from '../../platform/kube/index.ts';

const DEADLINE_MS = 180_000;
const FREE_PORTS = ['--port', '--git-port', '--registry-port', '--ingress-port', '--cluster-port'].flatMap(flag => [flag, '0']);

export interface UpTimes {
  /** Until the API answers and the root application is read. */
  readyMs: number;
  /** Until `up` has returned: every application is synced and healthy. */
  settledMs: number;
}

export class BenchPlatform implements AsyncDisposable {
  readonly signal: AbortSignal;
  readonly #folder: string;
  #status: PlatformStatus | undefined;
  #transport: KubeTransport | undefined;
  #clones = new Map<string, string>();
  readonly #stopWatches = new AbortController();

  private constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.signal = signal;
  }

  static async prepare(signal: AbortSignal): Promise<BenchPlatform> {
    return new BenchPlatform(await mkdtemp(join(tmpdir(), 'daruma-bench-')), signal);
  }

  get home(): string {
    return join(this.#folder, 'home');
  }

  async daruma(...args: string[]): Promise<string> {
    const { stdout } = await execa(process.execPath, [assetPath('dist/daruma.js'), ...args], {
      stdin: 'ignore',
      cancelSignal: this.signal,
      env: { DARUMA_HOME: this.home, NO_COLOR: '1', CI: 'true' },
    });
    return stdout;
  }

  /** Starts the platform and times it by what it prints. */
  async up(): Promise<UpTimes> {
    const from = performance.now();
    const child = execa(process.execPath, [assetPath('dist/daruma.js'), 'up', '--detach', ...FREE_PORTS], {
      stdin: 'ignore',
      cancelSignal: this.signal,
      env: { DARUMA_HOME: this.home, NO_COLOR: '1', CI: 'true' },
    });
    let readyMs = 0;
    for await (const text of child) if (/✓ gitops/.test(text)) readyMs = performance.now() - from;
    await child;
    const settledMs = performance.now() - from;
    this.#status = JSON.parse(await this.daruma('status', '--json')) as PlatformStatus;
    return { readyMs, settledMs };
  }

  async down(...flags: string[]): Promise<void> {
    await this.#transport?.[Symbol.asyncDispose]();
    this.#transport = undefined;
    if (!this.#status) return;
    this.#status = undefined;
    await this.daruma('down', ...flags);
    if (flags.includes('--purge')) {
      for (const folder of this.#clones.values()) await rm(folder, { recursive: true, force: true });
      this.#clones.clear();
    }
  }

  async status(): Promise<PlatformStatus> {
    if (!this.#status) await this.up();
    if (!this.#status) throw new Error('the platform is not up');
    return this.#status;
  }

  async client(): Promise<KubeClient> {
    const { kubeconfig } = await this.status();
    this.#transport ??= transportFromKubeconfig(kubeconfig);
    return new KubeClient(this.#transport, { userAgent: 'daruma-bench' });
  }

  /** The plain text of a page of the API server. */
  async page(path: string): Promise<string> {
    await this.client();
    const response = await this.#transport?.request({ method: 'GET', path });
    return (await response?.text()) ?? '';
  }

  /** After a rebuild the cluster has another address. */
  async reconnect(): Promise<void> {
    await this.#transport?.[Symbol.asyncDispose]();
    this.#transport = undefined;
  }

  /** A clone of the repository by the git program, up to date. */
  async clone(repository: string): Promise<string> {
    const known = this.#clones.get(repository);
    const folder = known ?? join(this.#folder, repository);
    if (!known) {
      const { git } = await this.status();
      const token = (await this.daruma('credentials', 'lead')).trim();
      await execa('git', ['clone', '--quiet', `${git.url.replace('://', `://lead:${token}@`)}/${repository}.git`, folder]);
      for (const [key, value] of [
        ['user.name', 'bench'],
        ['user.email', 'bench@example.com'],
        ['gc.auto', '0'],
      ] as const)
        await this.git(folder, 'config', key, value);
      this.#clones.set(repository, folder);
    } else await this.git(folder, 'pull', '--quiet', '--rebase');
    return folder;
  }

  async git(cwd: string, ...args: string[]): Promise<string> {
    return (await execa('git', args, { cwd, cancelSignal: this.signal })).stdout;
  }

  /** Commits all and pushes; answers the commit and the moment at which `git push` had returned. */
  async push(cwd: string, message: string): Promise<{ sha: string; at: number }> {
    await this.git(cwd, 'add', '--all');
    await this.git(cwd, 'commit', '--quiet', '--message', message);
    const sha = (await this.git(cwd, 'rev-parse', 'HEAD')).trim();
    await this.git(cwd, 'push', '--quiet', 'origin', 'HEAD:main');
    return { sha, at: performance.now() };
  }

  /** Follows a collection from now on; `until` answers the moment at which an event arrived that is as wanted, however early. */
  async follow<T extends KubeObject>(kind: ResourceKind & { namespace?: string }): Promise<Followed<T>> {
    const client = await this.client();
    const { resourceVersion } = await client.list<T>(kind);
    const followed = new Followed<T>(AbortSignal.any([this.signal, this.#stopWatches.signal]));
    followed.run(signal => client.watch<T>(kind, { ...kind, resourceVersion, signal }));
    return followed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopWatches.abort();
    await this.#transport?.[Symbol.asyncDispose]();
    await execa(process.execPath, [assetPath('dist/daruma.js'), 'down', '--purge'], {
      reject: false,
      env: { DARUMA_HOME: this.home },
    });
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Seen<T> {
  at: number;
  type: string;
  object: T;
}

/** The events of one watch with the moments at which they arrived. */
export class Followed<T extends KubeObject> implements Disposable {
  readonly #seen: Seen<T>[] = [];
  readonly #gone = new AbortController();
  readonly #signal: AbortSignal;
  #arrived: () => void = () => {};

  constructor(signal: AbortSignal) {
    this.#signal = AbortSignal.any([signal, this.#gone.signal]);
  }

  run(open: (signal: AbortSignal) => AsyncIterable<WatchEvent<T>>): void {
    void (async () => {
      try {
        for await (const { type, object } of open(this.#signal)) {
          if (type === 'ERROR') return;
          this.#seen.push({ at: performance.now(), type, object: object as T });
          this.#arrived();
        }
      } catch {
        // The deadline of whoever waits says that nothing comes any more.
      }
    })();
  }

  async until(wanted: (event: Seen<T>) => boolean): Promise<number> {
    const deadline = performance.now() + DEADLINE_MS;
    for (let next = 0; ; ) {
      for (; next < this.#seen.length; next++) {
        const event = this.#seen[next];
        if (event && wanted(event)) return event.at;
      }
      const left = deadline - performance.now();
      if (left <= 0 || this.#signal.aborted) throw new Error('no event came that is as wanted');
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.min(left, 1_000));
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  [Symbol.dispose](): void {
    this.#gone.abort();
  }
}
