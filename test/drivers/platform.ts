// Drives the built program as a user does: a home of its own, commands by argv, answers by JSON.
import { mkdtemp, rm } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { expect } from 'vitest';
import { type ApiClient, type ApplicationView, createApiClient, type PlatformStatus } from '../../platform/api/index.ts';
import { assetPath } from '../../platform/core/index.ts';

const PROGRAM = assetPath('dist/daruma.js');
export const DEADLINE_MS = 120_000;

export interface Command {
  stdout: string;
  stderr: string;
  exitCode: number | undefined;
}

export class TestPlatform implements AsyncDisposable {
  readonly home: string;
  #status: PlatformStatus | undefined;
  #tokens = new Map<string, string>();

  private constructor(home: string) {
    this.home = home;
  }

  /** A home in the temporary folder; nothing runs yet. */
  static async prepare(): Promise<TestPlatform> {
    return new TestPlatform(await mkdtemp(join(tmpdir(), 'daruma-e2e-')));
  }

  static async up(...flags: string[]): Promise<TestPlatform> {
    const platform = await TestPlatform.prepare();
    await platform.up(...flags);
    return platform;
  }

  get status(): PlatformStatus {
    if (!this.#status) throw new Error('the platform is not up');
    return this.#status;
  }

  /** Starts the platform detached and remembers its status. */
  async up(...flags: string[]): Promise<PlatformStatus> {
    const { stdout, stderr, exitCode } = await this.run('up', '--detach', '--json', ...flags);
    if (exitCode !== 0) throw new Error(`up failed: ${stderr}`);
    this.#status = JSON.parse(stdout) as PlatformStatus;
    for (const user of ['lead', 'dev', 'bot']) this.#tokens.set(user, (await this.run('credentials', user)).stdout.trim());
    return this.#status;
  }

  /** Any command on this home; never rejects. */
  async run(...args: string[]): Promise<Command> {
    const { stdout, stderr, exitCode } = await this.start(...args);
    return { stdout: String(stdout), stderr: String(stderr), exitCode };
  }

  start(...args: string[]): ResultPromise<{ reject: false; stdin: 'ignore' }> {
    return execa(process.execPath, [PROGRAM, ...args], {
      reject: false,
      stdin: 'ignore',
      env: { DARUMA_HOME: this.home, CI: 'true', NO_COLOR: '1' },
    });
  }

  token(user: string): string {
    return this.#tokens.get(user) ?? '';
  }

  api(user = 'lead'): ApiClient {
    return createApiClient({ url: this.status.api, token: this.token(user) });
  }

  gitUrl(repository: string, user = 'lead'): string {
    return this.status.git.url.replace('://', `://${user}:${this.token(user)}@`) + `/${repository}.git`;
  }

  kubectl(...args: string[]): Promise<Command> {
    return execa('kubectl', ['--kubeconfig', this.status.kubeconfig, ...args], { reject: false }).then(
      ({ stdout, stderr, exitCode }) => ({ stdout, stderr, exitCode }),
    );
  }

  /** GET by the ingress, as `curl http://HOST:PORT/PATH` does. */
  http(host: string, path = '/'): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', port: this.status.ingress.port, path, headers: { host }, agent: false, timeout: 10_000 },
        response => {
          let body = '';
          response.on('data', chunk => void (body += chunk));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
          response.on('error', reject);
        },
      )
        .once('timeout', function (this: ClientRequest) {
          this.destroy(new Error(`http://${host}${path} did not answer`));
        })
        .once('error', reject)
        .end();
    });
  }

  /** Waits until an application is as wanted; the failure shows how it was last seen. */
  async application(name: string, wanted: Partial<ApplicationView>, { timeoutMs = DEADLINE_MS } = {}): Promise<ApplicationView> {
    await expect
      .poll(
        () =>
          this.api()
            .application(name)
            .catch((error: Error) => ({ error: error.message })),
        { timeout: timeoutMs, interval: 50 },
      )
      .toMatchObject(wanted);
    return this.api().application(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('down', '--purge');
    await rm(this.home, { recursive: true, force: true });
  }
}
