import { describe, expect, it } from 'vitest';
import { created, UID, updated } from '../written-object.ts';
import { isTimeZone, scheduleComplaint } from './cron.ts';

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } };
const job = (spec: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'a' },
  spec: { template, ...spec },
});
const cronJob = (spec: object, name = 'a') => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name },
  spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template } }, ...spec },
});

describe('a Job', () => {
  it('ties itself to its pods by its uid', () => {
    const { object, errors } = created(job());
    expect(errors).toEqual([]);
    const labels = {
      'batch.kubernetes.io/controller-uid': UID,
      'batch.kubernetes.io/job-name': 'a',
      'controller-uid': UID,
      'job-name': 'a',
    };
    expect(object).toMatchObject({
      metadata: { labels, generation: 1 },
      spec: {
        backoffLimit: 6,
        completions: 1,
        parallelism: 1,
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': UID } },
        template: { metadata: { labels } },
      },
    });
  });

  it('is refused with the words of Kubernetes', () => {
    const always = { spec: { containers: template.spec.containers } };
    expect(created(job({ template: always })).errors).toEqual([
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
    expect(created(job({ manualSelector: true, selector: { matchLabels: { x: 'y' } } })).errors).toEqual([
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
    ]);
  });

  it('may be suspended, but not given other completions', () => {
    const { object } = created(job());
    expect(updated(object, next => Object.assign(next['spec'] as object, { suspend: true, parallelism: 2 })).errors).toEqual([]);
    expect(updated(object, next => Object.assign(next['spec'] as object, { completions: 4 })).errors).toEqual([
      'spec.completions: Invalid value: 4: field is immutable',
    ]);
  });
});

describe('a CronJob', () => {
  it.each([
    [{ schedule: 'nope' }, 'spec.schedule: Invalid value: "nope": expected exactly 5 fields, found 1: [nope]'],
    [{ timeZone: 'Nowhere/City' }, 'spec.timeZone: Invalid value: "Nowhere/City": unknown time zone Nowhere/City'],
    [
      { schedule: 'TZ=UTC 0 * * * *' },
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ],
    [
      { concurrencyPolicy: 'Maybe' },
      'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
    ],
  ])('is refused with the words of Kubernetes: %o', (spec, wanted) => {
    expect(created(cronJob(spec)).errors).toEqual([wanted]);
  });

  it('leaves room in its name for the suffix of its jobs', () => {
    expect(created(cronJob({}, 'a'.repeat(52))).errors).toEqual([]);
    expect(created(cronJob({}, 'a'.repeat(53))).errors).toEqual([
      `metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`,
    ]);
  });
});

describe('schedules', () => {
  it.each(['@daily', '@every 1h30m', '0 0 1,15 * 3', '*/15 0-6 * jan-mar MON-FRI', '0 12 ? * *'])('%s is fine', schedule => {
    expect(scheduleComplaint(schedule)).toBeUndefined();
  });

  it.each([
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['@often', 'unrecognized descriptor: @often'],
  ])('%s is refused', (schedule, wanted) => {
    expect(scheduleComplaint(schedule)).toBe(wanted);
  });

  it('know the time zones', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true);
    expect(isTimeZone('Mars/Base')).toBe(false);
  });
});
