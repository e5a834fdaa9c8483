// Jobs: their generated selector and labels, defaults, and what may change while they run.
import type { V1Job } from '@kubernetes/client-node';
import { IMMUTABLE, invalid, struct } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { type Selector, selectorText } from '../meta/selectors.ts';
import { clone, ensure, type Loose, sameValue, setDefault, sortedMap } from '../objects.ts';
import { defaultPodTemplate } from '../pods/defaults.ts';
import { goJson } from '../pods/go-structs.ts';
import { podWarnings } from '../pods/warnings.ts';
import { age, containersAndImages, humanDuration, NONE, nameOf } from '../tables/cells.ts';
import { validateJobSpec } from './job-validation.ts';

export type Job = Loose<V1Job>;

const UID = 'batch.kubernetes.io/controller-uid';
const JOB_NAME = 'batch.kubernetes.io/job-name';

function defaultJob(job: Job): void {
  const spec = ensure(job, 'spec');
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  setDefault(spec, 'parallelism', 1);
  setDefault(spec, 'backoffLimit', spec.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647);
  defaultPodTemplate(spec);
  const labels = spec.template?.metadata?.labels;
  const meta = ensure(job, 'metadata');
  if (labels && Object.keys(labels).length > 0 && Object.keys(meta.labels ?? {}).length === 0) meta.labels = { ...labels };
  setDefault(spec, 'completionMode', 'NonIndexed');
  setDefault(spec, 'suspend', false);
  setDefault(spec, 'manualSelector', false);
  setDefault(spec, 'podReplacementPolicy', spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed');
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const condition of rule.onPodConditions ?? []) if (!condition.status) condition.status = 'True';
  }
}

/** Ties the job to its pods by its uid, unless the client manages the selector itself. */
function generateSelector(job: Job): void {
  const spec = ensure(job, 'spec');
  if (spec.manualSelector) return;
  const meta = ensure(job, 'metadata');
  const { uid = '', name = '' } = meta;
  const labels = ensure(ensure(ensure(spec, 'template'), 'metadata'), 'labels');
  Object.assign(labels, { 'controller-uid': uid, 'job-name': name, [UID]: uid, [JOB_NAME]: name });
  const matchLabels = ensure(ensure(spec, 'selector'), 'matchLabels');
  if (!Object.hasOwn(matchLabels, 'controller-uid') && !Object.hasOwn(matchLabels, UID)) matchLabels[UID] = uid;
}

const FIXED = [
  'completions',
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const;
/** A template in its internal form, as the message about a change shows it. */
function shownTemplate(template: NonNullable<Job['spec']>['template']): object {
  const { labels, annotations, ...metadata } = template?.metadata ?? {};
  return {
    ...metadata,
    ...(labels ? { labels: sortedMap(labels) } : {}),
    ...(annotations ? { annotations: sortedMap(annotations) } : {}),
    Spec: goJson('PodSpec', template?.spec ?? {}),
  };
}

function validateJobChange(next: Job, previous: Job): ReturnType<typeof validateJobSpec> {
  const after = next.spec ?? {};
  const before = previous.spec ?? {};
  const errors: ReturnType<typeof validateJobSpec> = [];
  for (const key of FIXED) {
    const elastic = key === 'completions' && after.completionMode === 'Indexed' && after.completions === after.parallelism;
    if (!elastic && !sameValue(after[key], before[key])) errors.push(invalid(`spec.${key}`, after[key] ?? null, IMMUTABLE));
  }
  // A job that is suspended and never started may still be told where and with what its pods run.
  const waiting = before.suspend === true && previous.status?.startTime === undefined;
  const template = (spec: typeof after): unknown => {
    const copy = clone(spec.template ?? {});
    if (waiting && copy.spec) {
      for (const key of ['nodeSelector', 'affinity', 'tolerations', 'schedulingGates'] as const) delete copy.spec[key];
      delete copy.metadata?.annotations;
      delete copy.metadata?.labels;
    }
    return copy;
  };
  if (!sameValue(template(after), template(before)))
    errors.push(invalid('spec.template', struct(shownTemplate(after.template)), IMMUTABLE));
  return errors;
}

function jobStatus(job: Job): string {
  const has = (type: string): boolean => (job.status?.conditions ?? []).some(one => one.type === type && one.status === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata?.deletionTimestamp) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  return has('FailureTarget') ? 'FailureTarget' : has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completions(job: Job): string {
  const succeeded = job.status?.succeeded ?? 0;
  if (job.spec?.completions !== undefined) return `${succeeded}/${job.spec.completions}`;
  const parallelism = job.spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration(job: Job, now: Date): string {
  const start = job.status?.startTime;
  if (!start) return '';
  const end = job.status?.completionTime;
  return humanDuration((end ? new Date(end) : now).getTime() - new Date(start).getTime());
}

export const jobRules: KindRules = rulesFor<Job>({
  defaults: defaultJob,
  generationFields: ['spec'],
  initialStatus: () => ({}),
  prepareCreate(job) {
    const inherits = job.metadata?.labels && sameValue(job.metadata.labels, job.spec?.template?.metadata?.labels);
    generateSelector(job);
    const meta = ensure(job, 'metadata');
    const labels = job.spec?.template?.metadata?.labels;
    if (!job.spec?.manualSelector && labels && (inherits || Object.keys(meta.labels ?? {}).length === 0))
      meta.labels = { ...labels };
  },
  validate: job => validateJobSpec(job.spec ?? {}, { field: 'spec', job }),
  validateUpdate(next, previous) {
    // Rules about a template are not asked again of a job that runs: they may have become stricter since.
    const errors = validateJobSpec(next.spec ?? {}, { field: 'spec' });
    return [...errors, ...validateJobChange(next, previous)];
  },
  warnings: obj => podWarnings(obj.spec?.template, 'spec.template.spec', 'spec.template.metadata'),
  selectableFields: obj => ({ 'status.successful': String(obj.status?.succeeded ?? 0) }),
  deletion: {
    defaultPropagation: 'Orphan',
    warning:
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  },
  cells: (obj, now) => [
    nameOf(obj),
    jobStatus(obj),
    completions(obj),
    duration(obj, now),
    age(obj, now),
    ...containersAndImages(obj.spec?.template?.spec),
    selectorText(obj.spec?.selector as Selector | undefined) || NONE,
  ],
});
