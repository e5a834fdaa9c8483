// The real kubectl on one cluster, with a folder for its files and its cache.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { stringify } from 'yaml';

export const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

export interface KubectlOptions {
  input?: string;
  env?: Record<string, string>;
  signal?: AbortSignal;
}

export interface KubectlResult {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

export class Kubectl implements AsyncDisposable {
  readonly folder: string;
  readonly env: Record<string, string>;

  private constructor(folder: string, kubeconfig: string) {
    this.folder = folder;
    this.env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'cache'), HOME: folder, NO_COLOR: '1' };
  }

  static async on(kubeconfig: string): Promise<Kubectl> {
    return new Kubectl(await mkdtemp(join(tmpdir(), 'daruma-kubectl-')), kubeconfig);
  }

  start(args: string[], { input, env, signal }: KubectlOptions = {}): ResultPromise<{ reject: false; cwd: string }> {
    return execa('kubectl', args, {
      reject: false,
      cwd: this.folder,
      env: { ...this.env, ...env },
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
      ...(signal ? { cancelSignal: signal } : {}),
    }) as ResultPromise<{ reject: false; cwd: string }>;
  }

  /** Any outcome. */
  async run(args: string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    const { exitCode, stdout, stderr } = await this.start(args, options);
    return { exitCode, stdout: String(stdout), stderr: String(stderr) };
  }

  /** The output of a command given as one line. @throws when it fails */
  async ok(line: string, options: KubectlOptions = {}): Promise<string> {
    return this.succeed(line.split(' '), options);
  }

  /** The same with arguments that hold spaces. */
  async succeed(args: string[], options: KubectlOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(args, options);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }

  /** What a command that must fail says. @throws when it succeeds */
  async fails(line: string, options: KubectlOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(line.split(' '), options);
    if (exitCode === 0) throw new Error(`kubectl ${line} succeeded: ${stdout}`);
    return stderr;
  }

  async json<T>(line: string): Promise<T> {
    return JSON.parse(await this.ok(`${line} -o json`)) as T;
  }

  /** Writes objects as one YAML file; answers its path. */
  async file(name: string, ...objects: object[]): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, objects.map(object => stringify(object)).join('---\n'));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
