// A clone made by the plain git program.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Ana',
  GIT_AUTHOR_EMAIL: 'ana@example.com',
  GIT_COMMITTER_NAME: 'Ana',
  GIT_COMMITTER_EMAIL: 'ana@example.com',
  GIT_TERMINAL_PROMPT: '0',
};

export class WorkingCopy implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async clone(url: string): Promise<WorkingCopy> {
    const copy = new WorkingCopy(await mkdtemp(join(tmpdir(), 'daruma-clone-')));
    await copy.git('clone', '--quiet', url, '.');
    return copy;
  }

  /** The output of git, both streams. @throws when git fails */
  async git(...args: string[]): Promise<string> {
    const { all } = await execa('git', args, { cwd: this.folder, env: IDENTITY, all: true });
    return all;
  }

  /** Edits a file and commits it; returns the commit. */
  async commit(path: string, edit: (text: string) => string, message: string): Promise<string> {
    const file = join(this.folder, path);
    await writeFile(file, edit(await readFile(file, 'utf8').catch(() => '')));
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '-m', message);
    return (await this.git('rev-parse', 'HEAD')).trim();
  }

  push(...args: string[]): Promise<string> {
    return this.git('push', ...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
