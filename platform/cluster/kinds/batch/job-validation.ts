// Validation of jobs and of the job templates of cron jobs.
import type { V1JobSpec } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { invalid, invalidWithoutValue, nonNegative, rangeMessage, required, unsupported } from '../field-errors.ts';
import { type Selector, selectorMatches, shownSelector, validateSelector } from '../meta/selectors.ts';
import { type Loose, metaOf, sortedMap } from '../objects.ts';
import { validatePodTemplate } from '../pods/validate-pod.ts';

type JobSpec = Loose<V1JobSpec>;
const UID = 'batch.kubernetes.io/controller-uid';
const JOB_NAME = 'batch.kubernetes.io/job-name';
const MAX_INDEXES = 1_000_000;

/** The selector and labels that tie a job to its pods must be the generated ones. */
function validateGenerated(spec: JobSpec, job: { metadata?: unknown }): FieldError[] {
  if (spec.manualSelector) return [];
  const { uid = '', name = '' } = metaOf(job);
  const errors: FieldError[] = [];
  const labels = spec.template?.metadata?.labels ?? {};
  const expected: Record<string, string> = { [UID]: uid, [JOB_NAME]: name };
  for (const [key, value] of Object.entries(expected)) {
    if (labels[key] !== value) errors.push(invalid('spec.template.metadata.labels', sortedMap(labels), `must be '${value}'`));
  }
  const selector = spec.selector as Selector | undefined;
  const only = Object.keys(selector?.matchLabels ?? {});
  const isGenerated =
    only.length === 1 && (selector?.matchLabels?.[UID] === uid || selector?.matchLabels?.['controller-uid'] === uid);
  if (!isGenerated || selector?.matchExpressions?.length)
    errors.push(invalid('spec.selector', shownSelector(selector), '`selector` not auto-generated'));
  return errors;
}

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function validateFailurePolicy(spec: JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${field}.podFailurePolicy`;
  if (spec.template?.spec?.restartPolicy !== 'Never') {
    errors.push(
      invalid(
        `${field}.template.spec.restartPolicy`,
        spec.template?.spec?.restartPolicy ?? '',
        'only "Never" is supported when podFailurePolicy is specified',
      ),
    );
  }
  const names = [...(spec.template?.spec?.containers ?? []), ...(spec.template?.spec?.initContainers ?? [])].map(
    ({ name }) => name,
  );
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const rulePath = `${at}.rules[${index}]`;
    if (!rule.action)
      errors.push(required(`${rulePath}.action`, `valid values: ${ACTIONS.map(action => JSON.stringify(action)).join(', ')}`));
    else if (!ACTIONS.includes(rule.action)) errors.push(unsupported(`${rulePath}.action`, rule.action, ACTIONS));
    if (rule.onExitCodes) {
      const { containerName, operator, values = [] } = rule.onExitCodes;
      if (containerName !== undefined && !names.includes(containerName)) {
        errors.push(
          invalid(
            `${rulePath}.onExitCodes.containerName`,
            containerName,
            'must be one of the container or initContainer names in the pod template',
          ),
        );
      }
      if (!operator) errors.push(required(`${rulePath}.onExitCodes.operator`, 'valid values: "In", "NotIn"'));
      else if (operator !== 'In' && operator !== 'NotIn')
        errors.push(unsupported(`${rulePath}.onExitCodes.operator`, operator, ['In', 'NotIn']));
      if (values.length === 0) errors.push(invalid(`${rulePath}.onExitCodes.values`, values, 'at least one value is required'));
    }
    if (rule.onPodConditions?.length && rule.onExitCodes) {
      errors.push(invalidWithoutValue(rulePath, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    } else if (!rule.onExitCodes && !rule.onPodConditions?.length) {
      errors.push(invalidWithoutValue(rulePath, 'specifying one of OnExitCodes and OnPodConditions is required'));
    }
  }
  return errors;
}

/** Checks a defaulted job spec at `field`. With `job` its template and generated selector are checked too. */
export function validateJobSpec(
  spec: JobSpec,
  { field, job, template = job !== undefined }: { field: string; job?: { metadata?: unknown }; template?: boolean },
): FieldError[] {
  const errors: FieldError[] = job ? validateGenerated(spec, job) : [];
  errors.push(...nonNegative(spec.parallelism, `${field}.parallelism`));
  errors.push(...nonNegative(spec.completions, `${field}.completions`));
  errors.push(...nonNegative(spec.activeDeadlineSeconds, `${field}.activeDeadlineSeconds`));
  errors.push(...nonNegative(spec.backoffLimit, `${field}.backoffLimit`));
  errors.push(...nonNegative(spec.ttlSecondsAfterFinished, `${field}.ttlSecondsAfterFinished`));
  errors.push(...nonNegative(spec.backoffLimitPerIndex, `${field}.backoffLimitPerIndex`));
  errors.push(...nonNegative(spec.maxFailedIndexes, `${field}.maxFailedIndexes`));
  const indexed = spec.completionMode === 'Indexed';
  if (spec.completionMode !== undefined && !indexed && spec.completionMode !== 'NonIndexed') {
    errors.push(unsupported(`${field}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']));
  }
  if (indexed) {
    if (spec.completions === undefined) errors.push(required(`${field}.completions`, 'when completion mode is Indexed'));
    if ((spec.parallelism ?? 0) > 100_000 && (spec.completions ?? 0) > 100_000) {
      errors.push(
        invalid(`${field}.parallelism`, spec.parallelism, 'must be less than or equal to 100000 when completion mode is Indexed'),
      );
    }
    if ((spec.completions ?? 0) > MAX_INDEXES)
      errors.push(invalid(`${field}.completions`, spec.completions, rangeMessage(0, MAX_INDEXES)));
  } else {
    if (spec.backoffLimitPerIndex !== undefined) {
      errors.push(invalid(`${field}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode'));
    }
    if (spec.successPolicy)
      errors.push(invalid(`${field}.successPolicy`, spec.successPolicy, 'requires indexed completion mode'));
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(`${field}.backoffLimitPerIndex`, null, 'when maxFailedIndexes is specified'));
  }
  if (spec.podFailurePolicy) errors.push(...validateFailurePolicy(spec, field));
  if (spec.podReplacementPolicy && !['Failed', 'TerminatingOrFailed'].includes(spec.podReplacementPolicy)) {
    errors.push(unsupported(`${field}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed', 'TerminatingOrFailed']));
  } else if (spec.podFailurePolicy && spec.podReplacementPolicy === 'TerminatingOrFailed') {
    errors.push(unsupported(`${field}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed']));
  }
  if (template) {
    errors.push(...validatePodTemplate(spec.template, `${field}.template`));
    const restart = spec.template?.spec?.restartPolicy;
    if (restart === undefined || restart === 'Always') {
      errors.push(required(`${field}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
    } else if (restart !== 'OnFailure' && restart !== 'Never') {
      errors.push(unsupported(`${field}.template.spec.restartPolicy`, restart, ['OnFailure', 'Never']));
    }
  }
  if (job) {
    if (!spec.selector) errors.push(required(`${field}.selector`));
    else {
      errors.push(...validateSelector(spec.selector as Selector, `${field}.selector`));
      const labels = spec.template?.metadata?.labels;
      if (!selectorMatches(spec.selector as Selector, labels)) {
        errors.push(
          invalid(`${field}.template.metadata.labels`, sortedMap(labels) ?? null, '`selector` does not match template `labels`'),
        );
      }
    }
  }
  if (spec.managedBy && !/^[^/]+\/.+$/.test(spec.managedBy)) {
    errors.push(invalid(`${field}.managedBy`, spec.managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  }
  return errors;
}

/** Job templates may not bring a selector of their own. */
export function validateJobTemplate(spec: JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.selector)
    errors.push(invalid(`${field}.selector`, shownSelector(spec.selector as Selector), '`selector` will be auto-generated'));
  if (spec.manualSelector) errors.push(unsupported(`${field}.manualSelector`, spec.manualSelector, ['nil', 'false']));
  return [...validateJobSpec(spec, { field, template: true }), ...errors];
}
