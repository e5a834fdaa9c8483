// CronJobs.
import type { V1CronJob } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { invalid, nonNegative, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { dnsSubdomain, maxLength } from '../meta/names.ts';
import { type Selector, selectorText } from '../meta/selectors.ts';
import { ensure, type Loose, setDefault, setDefaultIfZero } from '../objects.ts';
import { defaultPodTemplate } from '../pods/defaults.ts';
import { podWarnings } from '../pods/warnings.ts';
import { age, containersAndImages, NONE, nameOf, since } from '../tables/cells.ts';
import { isTimeZone, scheduleComplaint } from './cron.ts';
import { validateJobTemplate } from './job-validation.ts';

type CronJob = Loose<V1CronJob>;

const MAX_NAME = 52;
const POLICIES = ['Allow', 'Forbid', 'Replace'];

function validateSchedule({ spec = {} }: CronJob): FieldError[] {
  const schedule = spec.schedule ?? '';
  if (!schedule) return [required('spec.schedule')];
  const errors: FieldError[] = [];
  const zoned = schedule.includes('TZ');
  const complaint = zoned ? undefined : scheduleComplaint(schedule);
  if (complaint) errors.push(invalid('spec.schedule', schedule, complaint));
  if (zoned) errors.push(invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  return errors;
}

function validateTimeZone(zone: string | undefined): FieldError[] {
  if (zone === undefined) return [];
  const field = 'spec.timeZone';
  if (zone === '') return [invalid(field, zone, 'timeZone must be nil or non-empty string')];
  if (zone.toLowerCase() === 'local')
    return [invalid(field, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')];
  return isTimeZone(zone) ? [] : [invalid(field, zone, `unknown time zone ${zone}`)];
}

function validateCronJob(job: CronJob): FieldError[] {
  const spec = job.spec ?? {};
  const errors = validateSchedule(job);
  errors.push(...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'));
  errors.push(...validateTimeZone(spec.timeZone));
  if (!spec.concurrencyPolicy) errors.push(required('spec.concurrencyPolicy'));
  else if (!POLICIES.includes(spec.concurrencyPolicy))
    errors.push(unsupported('spec.concurrencyPolicy', spec.concurrencyPolicy, POLICIES));
  errors.push(...validateJobTemplate(spec.jobTemplate?.spec ?? {}, 'spec.jobTemplate.spec'));
  errors.push(...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'));
  errors.push(...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'));
  return errors;
}

export const cronJobRules: KindRules = rulesFor<CronJob>({
  // Eleven characters are kept for the suffix of its jobs.
  nameRule: (name, isPrefix) => {
    const complaints = dnsSubdomain(isPrefix && name.endsWith('-') && name.length > 1 ? `${name.slice(0, -2)}a` : name);
    return isPrefix || name.length <= MAX_NAME ? complaints : [...complaints, maxLength(MAX_NAME)];
  },
  defaults(job) {
    const spec = ensure(job, 'spec');
    setDefaultIfZero(spec, 'concurrencyPolicy', 'Allow');
    setDefault(spec, 'suspend', false);
    setDefault(spec, 'successfulJobsHistoryLimit', 3);
    setDefault(spec, 'failedJobsHistoryLimit', 1);
    const template = ensure(spec, 'jobTemplate');
    ensure(template, 'metadata');
    const jobSpec = ensure(template, 'spec');
    for (const rule of jobSpec.podFailurePolicy?.rules ?? []) {
      for (const condition of rule.onPodConditions ?? []) if (!condition.status) condition.status = 'True';
    }
    defaultPodTemplate(jobSpec);
  },
  generationFields: ['spec'],
  initialStatus: () => ({}),
  validate: validateCronJob,
  warnings: obj =>
    podWarnings(
      obj.spec?.jobTemplate?.spec?.template,
      'spec.jobTemplate.spec.template.spec',
      'spec.jobTemplate.spec.template.metadata',
    ),
  cells(obj, now) {
    const { spec = {}, status = {} } = obj;
    return [
      nameOf(obj),
      spec.schedule ?? '',
      spec.timeZone ?? NONE,
      spec.suspend ? 'True' : 'False',
      status.active?.length ?? 0,
      status.lastScheduleTime ? since(status.lastScheduleTime, now) : NONE,
      age(obj, now),
      ...containersAndImages(spec.jobTemplate?.spec?.template?.spec),
      selectorText(spec.jobTemplate?.spec?.selector as Selector | undefined) || NONE,
    ];
  },
});
