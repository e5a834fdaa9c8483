// Runs one step: a script in a shell, or one of the actions that daruma knows itself.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { DarumaError } from '../../core/index.ts';
import { interpolate, type Job, type Scope, type Step } from '../workflow/index.ts';
import { parseCommandFile } from './command-files.ts';
import { jobFolder, type RunContext } from './run-context.ts';
import { runScript } from './script.ts';

export interface StepSetting {
  run: RunContext;
  job: Job;
  step: Step;
  scope: Scope;
  /** The environment of this step; GITHUB_ENV and GITHUB_PATH go into `carried`. */
  env: Record<string, string>;
  carried: Record<string, string>;
  signal: AbortSignal;
  log(line: string): void;
}

/** Returns the step's outputs. @throws when the step failed; the message is the reason. */
export async function executeStep(setting: StepSetting): Promise<Record<string, string>> {
  const { action } = setting.step;
  if (action.kind === 'run') return runStep(setting, action);
  const inputs = Object.fromEntries(Object.entries(action.with).map(([key, text]) => [key, interpolate(text, setting.scope)]));
  switch (action.name) {
    case 'actions/checkout':
      return checkOut(setting, inputs);
    case 'actions/setup-node':
      return setUpNode(setting, inputs);
    case 'docker/build-push-action':
      return buildAndPush(setting, inputs);
    case 'docker/login-action':
      setting.log("no log-in is needed: daruma's builder has its own credentials for its registry");
      return {};
    default:
      setting.log("nothing to set up: daruma's builder needs no Docker");
      return {};
  }
}

/** @throws INVALID_INPUT when the path leaves the workspace. */
function inWorkspace({ run, job }: StepSetting, path: string, key: string): string {
  const { workspace } = jobFolder(run, job);
  const full = resolve(workspace, path);
  if (full !== workspace && !full.startsWith(workspace + sep)) {
    throw new DarumaError('INVALID_INPUT', `${key}: ${path} lies outside the workspace`, {
      hint: `give a path inside the repository`,
    });
  }
  return full;
}

async function runStep(
  setting: StepSetting,
  action: { script: string; shell: 'bash' | 'sh' | 'default'; workingDirectory?: string },
): Promise<Record<string, string>> {
  const { run, job, scope, env, carried, signal, log } = setting;
  const { temporary } = jobFolder(run, job);
  const cwd = inWorkspace(setting, interpolate(action.workingDirectory ?? '.', scope), 'working-directory');
  const files = { GITHUB_OUTPUT: '', GITHUB_ENV: '', GITHUB_PATH: '', GITHUB_STEP_SUMMARY: '' };
  for (const name of Object.keys(files) as (keyof typeof files)[]) {
    files[name] = join(temporary, name);
    await writeFile(files[name], '');
  }
  const code = await runScript({
    script: interpolate(action.script, scope),
    shell: action.shell,
    file: join(temporary, 'script.sh'),
    cwd,
    env: { ...env, ...files },
    signal,
    onLine: line => {
      const mask = /^::add-mask::(.+)$/.exec(line);
      if (mask) run.masks.add(mask[1] ?? '');
      log(line);
    },
  });
  const outputs = parseCommandFile(await readFile(files.GITHUB_OUTPUT, 'utf8'), 'GITHUB_OUTPUT');
  Object.assign(carried, parseCommandFile(await readFile(files.GITHUB_ENV, 'utf8'), 'GITHUB_ENV'));
  const paths = (await readFile(files.GITHUB_PATH, 'utf8')).split('\n').filter(line => line !== '');
  if (paths.length > 0) carried['PATH'] = [...paths.reverse(), carried['PATH'] ?? env['PATH']].join(':');
  if (code !== 0) throw new DarumaError('PIPELINE_FAILED', `ended with exit code ${code}`, { data: { code } });
  return outputs;
}

async function checkOut(setting: StepSetting, inputs: Record<string, string>): Promise<Record<string, string>> {
  const into = inWorkspace(setting, inputs['path'] ?? '.', 'path');
  if (inputs['clean'] !== 'false') await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  await cp(setting.run.source, into, { recursive: true, verbatimSymlinks: true });
  setting.log(`${setting.run.push.repository} at ${setting.run.push.after}`);
  return { commit: setting.run.push.after, ref: setting.run.push.ref };
}

async function setUpNode({ log }: StepSetting, inputs: Record<string, string>): Promise<Record<string, string>> {
  const wanted = inputs['node-version'] ?? '';
  const major = /^v?(\d+)/.exec(wanted)?.[1];
  log(`Node ${process.version} of this machine is used`);
  if (major && major !== process.versions.node.split('.')[0]) log(`warning: the workflow asks for Node ${wanted}`);
  return { 'node-version': process.version };
}

async function buildAndPush(setting: StepSetting, inputs: Record<string, string>): Promise<Record<string, string>> {
  const { run, signal, log } = setting;
  if (inputs['push'] !== 'true') {
    throw new DarumaError('UNSUPPORTED_FIELD', 'docker/build-push-action without push: true is not supported here', {
      hint: 'add push: true; the image goes to the registry of this platform',
    });
  }
  const context = inWorkspace(setting, inputs['context'] || '.', 'context');
  const tags = (inputs['tags'] ?? '').split(/[\n,]/).flatMap(tag => (tag.trim() === '' ? [] : [tag.trim()]));
  const dockerfile = inputs['file'] && relative(context, inWorkspace(setting, inputs['file'], 'file'));
  const built = await run.actions.buildAndPush({
    directory: context,
    repository: run.push.repository,
    sha: run.push.after,
    ...(tags.length > 0 ? { tags } : {}),
    ...(dockerfile ? { dockerfile } : {}),
    signal,
    log,
  });
  run.images.push(built);
  run.view.image = `${built.image}:${built.tag}`;
  run.view.digest = built.digest;
  return { image: `${built.image}:${built.tag}`, tag: built.tag, digest: built.digest, imageid: built.digest };
}
