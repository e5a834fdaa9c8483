// The learner's clones of both repositories, driven by the git program as the learner drives it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DarumaError, messageOf } from '../../platform/core/index.ts';
import type { RepositoryName, WorkingCopies } from './context.ts';
import { fetchText } from './fetch-text.ts';

const run = promisify(execFile);
const REPOSITORIES: RepositoryName[] = ['demo-app', 'demo-gitops'];
const BRANCH = 'main';

type Signalled = { signal: AbortSignal };

export class GitWorkingCopies implements WorkingCopies {
  readonly #root: string;
  readonly #url: URL;
  readonly #user: string;
  readonly #token: string;

  constructor({ folder, url, user, token }: { folder: string; url: string; user: string; token: string }) {
    this.#root = folder;
    this.#url = new URL(url);
    this.#user = user;
    this.#token = token;
  }

  folder(repository: RepositoryName): string {
    return join(this.#root, repository);
  }

  async prepare({ signal }: Signalled): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    await this.#writeCredentials();
    for (const repository of REPOSITORIES) {
      if (!existsSync(join(this.folder(repository), '.git'))) await this.#clone(repository, signal);
      await this.#alignWithServer(repository, signal);
    }
  }

  async remoteHead(repository: RepositoryName, { signal }: Signalled): Promise<string> {
    const headers = {
      authorization: `Basic ${Buffer.from(`${this.#user}:${this.#token}`).toString('base64')}`,
      host: this.#url.host,
    };
    const path = `${this.#path(repository)}/info/refs?service=git-upload-pack`;
    const { status, body } = await fetchText({ port: Number(this.#url.port), path, headers, signal });
    const head = new RegExp(`([0-9a-f]{40}) refs/heads/${BRANCH}(?:\\n|\\0|$)`, 'm').exec(body)?.[1];
    if (status !== 200 || !head) throw new DarumaError('CHECK_FAILED', `the git server answers ${status} for ${repository}`);
    return head;
  }

  async git(repository: RepositoryName, args: string[], { signal }: Signalled): Promise<string> {
    return this.#git(args, this.folder(repository), signal);
  }

  async remoteFile(repository: RepositoryName, sha: string, path: string, { signal }: Signalled): Promise<string | undefined> {
    const known = await this.#succeeds(['cat-file', '-e', `${sha}^{commit}`], this.folder(repository), signal);
    if (!known) await this.git(repository, ['fetch', '--quiet', 'origin', BRANCH], { signal });
    const there = await this.#succeeds(['cat-file', '-e', `${sha}:${path}`], this.folder(repository), signal);
    return there ? this.#git(['show', `${sha}:${path}`], this.folder(repository), signal, false) : undefined;
  }

  #path(repository: RepositoryName): string {
    return `${this.#url.pathname.replace(/\/$/, '')}/${repository}.git`;
  }

  /** Git reads the token from a file of mode 0600: it stands in no URL, no command line and no log. */
  async #writeCredentials(): Promise<void> {
    const { protocol, host } = this.#url;
    const line = `${protocol}//${this.#user}:${encodeURIComponent(this.#token)}@${host}\n`;
    await writeFile(join(this.#root, '.git-credentials'), line, { mode: 0o600 });
  }

  async #clone(repository: RepositoryName, signal: AbortSignal): Promise<void> {
    await this.#git(
      ['clone', '--quiet', ...this.#credentialConfig(), this.#remote(repository), this.folder(repository)],
      this.#root,
      signal,
    );
    await this.git(repository, ['config', 'user.name', this.#user], { signal });
    await this.git(repository, ['config', 'user.email', `${this.#user}@daruma.internal`], { signal });
    await this.git(repository, ['config', 'pull.rebase', 'true'], { signal });
  }

  #credentialConfig(): string[] {
    // The empty helper drops those of the machine: they would ask, or keep this token for themselves.
    const helper = `store --file='${join(this.#root, '.git-credentials')}'`;
    return ['--config', 'credential.helper=', '--config', `credential.helper=${helper}`];
  }

  #remote(repository: RepositoryName): string {
    return `${this.#url.protocol}//${this.#user}@${this.#url.host}${this.#path(repository)}`;
  }

  async #alignWithServer(repository: RepositoryName, signal: AbortSignal): Promise<void> {
    const git = (...args: string[]) => this.git(repository, args, { signal });
    await git('remote', 'set-url', 'origin', this.#remote(repository));
    await git('fetch', '--quiet', 'origin', BRANCH);
    for (const folder of ['rebase-merge', 'rebase-apply']) {
      if (existsSync(join(this.folder(repository), '.git', folder))) await git('rebase', '--abort');
    }
    if ((await git('status', '--porcelain')) !== '') {
      await git('stash', 'push', '--quiet', '--include-untracked', '--message', 'before the scenario');
    }
    const head = await git('rev-parse', 'HEAD');
    if (!(await this.#succeeds(['merge-base', '--is-ancestor', 'HEAD', `origin/${BRANCH}`], this.folder(repository), signal))) {
      await git('branch', '--force', `before-scenario-${head.slice(0, 7)}`, head);
    }
    await git('checkout', '--quiet', '-B', BRANCH, `origin/${BRANCH}`);
  }

  async #succeeds(args: string[], cwd: string, signal: AbortSignal): Promise<boolean> {
    try {
      await run('git', args, { cwd, signal, env: gitEnvironment() });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missingGit(error);
      return false;
    }
  }

  async #git(args: string[], cwd: string, signal: AbortSignal, trim = true): Promise<string> {
    try {
      const { stdout } = await run('git', args, { cwd, signal, env: gitEnvironment(), maxBuffer: 16 * 1024 * 1024 });
      return trim ? stdout.trim() : stdout;
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && existsSync(cwd)) throw missingGit(error);
      const said = String((error as { stderr?: string }).stderr ?? messageOf(error)).trim();
      throw new DarumaError('CHECK_FAILED', `git ${args[0]} in ${cwd} failed: ${said.replaceAll(this.#token, '***')}`, {
        hint: 'look with git status; reset of the scenario sets the working copy right and keeps your changes in a stash',
      });
    }
  }
}

/** Never a prompt or an editor; no automatic repacking that outlives the command; hooks of GIT_DIR and the like left out. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return {
    ...Object.fromEntries(inherited),
    GIT_TERMINAL_PROMPT: '0',
    GIT_EDITOR: 'true',
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'gc.auto',
    GIT_CONFIG_VALUE_0: '0',
    GIT_CONFIG_KEY_1: 'commit.gpgSign',
    GIT_CONFIG_VALUE_1: 'false',
  };
}

function missingGit(cause: unknown): DarumaError {
  return new DarumaError('GIT_MISSING', 'the git program was not found', { hint: 'install git, then try again', cause });
}
