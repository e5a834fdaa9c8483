import { expect, test } from 'vitest';
import type { Pod } from '../../controller-runtime/index.ts';
import type { Job, JobSpec, JobStatus } from './job.ts';
import { isIgnored, policyVerdict, withFailedIndexes } from './job-policies.ts';

const job = (spec: Partial<JobSpec>): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', namespace: 'n' },
  spec: { template: { spec: { containers: [] } }, completionMode: 'Indexed', completions: 3, ...spec },
});

const failed = (exitCode: number, index = 0, failures = 0): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `j-${index}`,
    namespace: 'n',
    annotations: {
      'batch.kubernetes.io/job-completion-index': String(index),
      'batch.kubernetes.io/job-index-failure-count': String(failures),
    },
  },
  spec: { containers: [] },
  status: { phase: 'Failed', containerStatuses: [{ name: 'c', state: { terminated: { exitCode } } }] },
});

test('the first rule that a failure matches decides', () => {
  const policed = job({
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } },
        { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [1] } },
      ],
    },
  });
  expect(isIgnored(policed, failed(7))).toBe(true);
  expect(policyVerdict(policed, {}, [failed(7), failed(1)])).toBeUndefined();
  expect(policyVerdict(policed, {}, [failed(42)])).toEqual({
    type: 'Failed',
    reason: 'PodFailurePolicy',
    message: 'Container c for pod n/j-0 failed with exit code 42 matching FailJob rule at index 1',
  });
});

test('some indexes can be success enough', () => {
  const enough = job({ successPolicy: { rules: [{ succeededIndexes: '0,2', succeededCount: 1 }] } });
  const after = (completedIndexes: string): JobStatus => ({ completedIndexes });
  expect(policyVerdict(enough, after('1'), [])).toBeUndefined();
  expect(policyVerdict(enough, after('1,2'), [])?.reason).toBe('SuccessPolicy');
});

test('an index fails for good beyond its own limit, and the job when no index is left or too many failed', () => {
  const limited = job({ backoffLimitPerIndex: 1, maxFailedIndexes: 1 });
  expect(withFailedIndexes(limited, {}, [failed(1, 0, 0)]).failedIndexes).toBe('');
  expect(withFailedIndexes(limited, {}, [failed(1, 0, 1)]).failedIndexes).toBe('0');
  expect(policyVerdict(limited, { failedIndexes: '0' }, [])).toBeUndefined();
  expect(policyVerdict(limited, { failedIndexes: '0', completedIndexes: '1,2' }, [])?.reason).toBe('FailedIndexes');
  expect(policyVerdict(limited, { failedIndexes: '0,1' }, [])?.reason).toBe('MaxFailedIndexesExceeded');
});
