// Reads a workflow file: a stated subset of GitHub Actions. What is not implemented is refused by key and line.
import { isScalar, isSeq, type Node } from 'yaml';
import { SUPPORTED_ACTIONS } from './actions.ts';
import type { Job, PushTrigger, Shell, Step, Workflow } from './model.ts';
import { type Entry, isNull, WorkflowReader } from './reader.ts';

const WORKFLOW_KEYS = ['name', 'run-name', 'on', 'env', 'defaults', 'concurrency', 'permissions', 'jobs'];
const JOB_KEYS = [
  'name',
  'needs',
  'if',
  'runs-on',
  'env',
  'outputs',
  'defaults',
  'timeout-minutes',
  'continue-on-error',
  'permissions',
  'steps',
];
const STEP_KEYS = [
  'id',
  'name',
  'if',
  'run',
  'uses',
  'with',
  'env',
  'shell',
  'working-directory',
  'timeout-minutes',
  'continue-on-error',
];
/** Events of GitHub that a push to this git server never is. */
const OTHER_EVENTS = ['pull_request', 'workflow_dispatch', 'schedule', 'release', 'workflow_call', 'merge_group', 'issues'];
const ID = /^[A-Za-z_][\w-]*$/;
const DEFAULT_TIMEOUT_MINUTES = 30;

interface Defaults {
  shell?: Shell;
  workingDirectory?: string;
}

/** @throws INVALID_INPUT and UNSUPPORTED_FIELD, with `data.file` and `data.line`. */
export function parseWorkflow(file: string, text: string): Workflow {
  const reader = new WorkflowReader(file, text);
  const entries = byKey(reader.entries(reader.root, 'the workflow', WORKFLOW_KEYS));
  const notes: string[] = [];
  const on = entries.get('on');
  const jobs = entries.get('jobs');
  if (!on) throw reader.invalid(1, 'on is missing');
  if (!jobs) throw reader.invalid(1, 'jobs is missing');
  if (entries.has('permissions')) notes.push('permissions has no effect: a run holds no token');
  const defaults = readDefaults(reader, entries.get('defaults'), {});
  const name = entries.get('name');
  const env = entries.get('env');
  const concurrency = entries.get('concurrency');
  const push = readTriggers(reader, on, notes);
  return {
    file,
    name: name ? reader.text(name) : file,
    ...(push ? { push } : {}),
    env: env ? reader.textMap(env, 'env') : {},
    ...(concurrency ? { concurrency: readConcurrency(reader, concurrency) } : {}),
    jobs: readJobs(reader, jobs, defaults, notes),
    notes,
  };
}

function byKey(entries: Entry[]): Map<string, Entry> {
  return new Map(entries.map(entry => [entry.key, entry]));
}

function readTriggers(reader: WorkflowReader, on: Entry, notes: string[]): PushTrigger | undefined {
  const note = (event: string, line: number) => {
    if (!OTHER_EVENTS.includes(event)) throw reader.unsupported(line, `on.${event}`);
    notes.push(`on.${event} starts nothing here: runs start by pushes`);
  };
  if (isScalar(on.value) || isSeq(on.value)) {
    const events = reader.texts(on);
    for (const event of events) if (event !== 'push') note(event, on.line);
    return events.includes('push') ? {} : undefined;
  }
  let push: PushTrigger | undefined;
  for (const entry of reader.entries(on.value, 'on')) {
    if (entry.key !== 'push') note(entry.key, entry.line);
    else if (isNull(entry.value)) push = {};
    else push = readPush(reader, entry);
  }
  return push;
}

function readPush(reader: WorkflowReader, entry: Entry): PushTrigger {
  const keys = byKey(reader.entries(entry.value, 'on.push', ['branches', 'branches-ignore', 'tags', 'tags-ignore']));
  const list = (key: string) => {
    const found = keys.get(key);
    return found && reader.texts(found);
  };
  for (const kind of ['branches', 'tags']) {
    const ignore = keys.get(`${kind}-ignore`);
    if (ignore && keys.has(kind))
      throw reader.invalid(ignore.line, `on.push has ${kind} and ${kind}-ignore; one of them at most`);
  }
  const [branches, branchesIgnore, tags, tagsIgnore] = ['branches', 'branches-ignore', 'tags', 'tags-ignore'].map(list);
  return {
    ...(branches ? { branches } : {}),
    ...(branchesIgnore ? { branchesIgnore } : {}),
    ...(tags ? { tags } : {}),
    ...(tagsIgnore ? { tagsIgnore } : {}),
  };
}

function readConcurrency(reader: WorkflowReader, entry: Entry): { group: string; cancelInProgress: string } {
  if (isScalar(entry.value)) return { group: reader.text(entry), cancelInProgress: 'false' };
  const keys = byKey(reader.entries(entry.value, 'concurrency', ['group', 'cancel-in-progress']));
  const group = keys.get('group');
  if (!group) throw reader.invalid(entry.line, 'concurrency.group is missing');
  const cancel = keys.get('cancel-in-progress');
  return { group: reader.text(group), cancelInProgress: cancel ? reader.text(cancel) : 'false' };
}

function readDefaults(reader: WorkflowReader, entry: Entry | undefined, outer: Defaults): Defaults {
  if (!entry) return outer;
  const defaults = { ...outer };
  for (const { value } of reader.entries(entry.value, 'defaults', ['run'])) {
    for (const setting of reader.entries(value, 'defaults.run', ['shell', 'working-directory'])) {
      if (setting.key === 'shell') defaults.shell = readShell(reader, setting);
      else defaults.workingDirectory = reader.text(setting);
    }
  }
  return defaults;
}

function readShell(reader: WorkflowReader, entry: Entry): Shell {
  const shell = reader.text(entry);
  if (shell !== 'bash' && shell !== 'sh')
    throw reader.unsupported(entry.line, `shell: ${shell}`, 'is not supported here; bash and sh are');
  return shell;
}

function readJobs(reader: WorkflowReader, entry: Entry, defaults: Defaults, notes: string[]): Job[] {
  const jobs = reader.entries(entry.value, 'jobs').map(item => readJob(reader, item, defaults, notes));
  if (jobs.length === 0) throw reader.invalid(entry.line, 'jobs is empty');
  const ids = new Set(jobs.map(job => job.id));
  for (const job of jobs) {
    for (const need of job.needs)
      if (!ids.has(need)) throw reader.invalid(job.line, `jobs.${job.id}.needs names ${need}, which is no job`);
  }
  const waiting = new Map(jobs.map(job => [job.id, new Set(job.needs)]));
  for (let free: string[]; waiting.size > 0; ) {
    free = [...waiting].filter(([, needs]) => needs.size === 0).map(([id]) => id);
    if (free.length === 0) throw reader.invalid(entry.line, `the needs of ${[...waiting.keys()].join(', ')} form a circle`);
    for (const id of free) waiting.delete(id);
    for (const needs of waiting.values()) for (const id of free) needs.delete(id);
  }
  return jobs;
}

function readJob(reader: WorkflowReader, { key: id, line, value }: Entry, outer: Defaults, notes: string[]): Job {
  const where = `jobs.${id}`;
  if (!ID.test(id)) throw reader.invalid(line, `${where}: a job's id holds letters, digits, - and _`);
  if (id === 'bump') throw reader.invalid(line, 'jobs.bump: this name is kept for the job that daruma adds');
  const keys = byKey(reader.entries(value, where, JOB_KEYS));
  const steps = keys.get('steps');
  if (!steps) throw reader.invalid(line, `${where}.steps is missing`);
  if (!keys.has('runs-on')) throw reader.invalid(line, `${where}.runs-on is missing`);
  if (keys.has('permissions')) notes.push(`${where}.permissions has no effect: a run holds no token`);
  const defaults = readDefaults(reader, keys.get('defaults'), outer);
  const condition = keys.get('if');
  const needs = keys.get('needs');
  const env = keys.get('env');
  const outputs = keys.get('outputs');
  const timeout = keys.get('timeout-minutes');
  const tolerant = keys.get('continue-on-error');
  const name = keys.get('name');
  const seen = new Set<string>();
  return {
    id,
    name: name ? reader.text(name) : id,
    line,
    needs: needs ? reader.texts(needs) : [],
    ...(condition ? { if: reader.condition(condition) } : {}),
    env: env ? reader.textMap(env, `${where}.env`) : {},
    outputs: outputs ? reader.textMap(outputs, `${where}.outputs`) : {},
    timeoutMinutes: timeout ? reader.positiveNumber(timeout) : DEFAULT_TIMEOUT_MINUTES,
    continueOnError: tolerant ? reader.flag(tolerant) : false,
    steps: reader.items(steps).map((node, index) => {
      const step = readStep(reader, node, `${where}.steps[${index}]`, defaults);
      if (step.id && seen.has(step.id)) throw reader.invalid(step.line, `the step id ${step.id} stands twice in ${where}`);
      if (step.id) seen.add(step.id);
      return step;
    }),
  };
}

function readStep(reader: WorkflowReader, node: Node, where: string, defaults: Defaults): Step {
  const line = reader.line(node);
  const keys = byKey(reader.entries(node, where, STEP_KEYS));
  const [id, name, condition, env, timeout, tolerant] = ['id', 'name', 'if', 'env', 'timeout-minutes', 'continue-on-error'].map(
    key => keys.get(key),
  );
  const action = readAction(reader, keys, where, line, defaults);
  const stepId = id && reader.text(id);
  if (stepId !== undefined && !ID.test(stepId)) throw reader.invalid(line, `${where}.id: letters, digits, - and _`);
  return {
    ...(stepId ? { id: stepId } : {}),
    name: name ? reader.text(name) : defaultName(action),
    line,
    ...(condition ? { if: reader.condition(condition) } : {}),
    env: env ? reader.textMap(env, `${where}.env`) : {},
    continueOnError: tolerant ? reader.flag(tolerant) : false,
    ...(timeout ? { timeoutMinutes: reader.positiveNumber(timeout) } : {}),
    action,
  };
}

function readAction(
  reader: WorkflowReader,
  keys: Map<string, Entry>,
  where: string,
  line: number,
  defaults: Defaults,
): Step['action'] {
  const [run, uses, inputs, shell, directory] = ['run', 'uses', 'with', 'shell', 'working-directory'].map(key => keys.get(key));
  if (run && uses) throw reader.invalid(line, `${where} has run and uses; one of them`);
  if (run) {
    if (inputs) throw reader.invalid(inputs.line, `${where}.with belongs to uses`);
    const workingDirectory = directory ? reader.text(directory) : defaults.workingDirectory;
    return {
      kind: 'run',
      script: reader.text(run),
      shell: shell ? readShell(reader, shell) : (defaults.shell ?? 'default'),
      ...(workingDirectory ? { workingDirectory } : {}),
    };
  }
  if (!uses) throw reader.invalid(line, `${where} has neither run nor uses`);
  for (const entry of [shell, directory]) if (entry) throw reader.invalid(entry.line, `${where}.${entry.key} belongs to run`);
  const reference = reader.text(uses);
  const name = reference.split('@')[0] ?? reference;
  const known = SUPPORTED_ACTIONS[name];
  if (!known) {
    const supported = Object.keys(SUPPORTED_ACTIONS).join(', ');
    throw reader.unsupported(uses.line, `uses: ${reference}`, `is not supported here; these actions are: ${supported}`);
  }
  for (const entry of inputs ? reader.entries(inputs.value, `${where}.with`) : []) {
    if (!known.includes(entry.key)) throw reader.unsupported(entry.line, `with.${entry.key} of ${name}`);
  }
  return { kind: 'uses', name, with: inputs ? reader.textMap(inputs, `${where}.with`) : {} };
}

function defaultName(action: Step['action']): string {
  return action.kind === 'run' ? `Run ${action.script.trim().split('\n')[0] ?? ''}` : `Run ${action.name}`;
}
