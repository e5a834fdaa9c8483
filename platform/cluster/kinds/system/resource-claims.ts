// The kinds of dynamic resource allocation: stored and served; nothing here allocates devices.
import type { V1DeviceClass } from '@kubernetes/client-node';
import { forbidden, IMMUTABLE, invalid, required } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { type Loose, sameValue } from '../objects.ts';
import { age, nameOf } from '../tables/cells.ts';

interface Claim {
  metadata?: { deletionTimestamp?: string };
  spec?: object;
  status?: { allocation?: object; reservedFor?: unknown[] };
}

interface Slice {
  metadata?: object;
  spec?: { nodeName?: string; allNodes?: boolean; driver?: string; pool?: { name?: string } };
}

function claimState({ metadata, status }: Claim): string {
  const words: string[] = [];
  if (metadata?.deletionTimestamp) words.push('deleted');
  if (!status?.allocation) return [...words, ...(metadata?.deletionTimestamp ? [] : ['pending'])].join(',');
  words.push('allocated');
  if (status.reservedFor?.length) words.push('reserved');
  return words.join(',');
}

export const resourceClaimRules: KindRules = rulesFor<Claim>({
  allowUnconditionalUpdate: true,
  initialStatus: () => ({}),
  validateUpdate: (next, previous) =>
    sameValue(next.spec, previous.spec) ? [] : [invalid('spec', next.spec ?? null, IMMUTABLE)],
  cells: (obj, now) => [nameOf(obj), claimState(obj), age(obj, now)],
});

export const resourceClaimTemplateRules: KindRules = rulesFor<Claim>({
  validateUpdate: (next, previous) =>
    sameValue(next.spec, previous.spec) ? [] : [invalid('spec', next.spec ?? null, IMMUTABLE)],
  cells: (obj, now) => [nameOf(obj), age(obj, now)],
});

export const deviceClassRules: KindRules = rulesFor<Loose<V1DeviceClass> & { spec?: object; metadata?: object }>({
  generationFields: ['spec'],
  cells: (obj, now) => [nameOf(obj), age(obj, now)],
});

export const resourceSliceRules: KindRules = rulesFor<Slice>({
  generationFields: ['spec'],
  validate: slice => [
    ...(slice.spec?.driver ? [] : [required('spec.driver')]),
    ...(slice.spec?.pool?.name ? [] : [required('spec.pool.name')]),
  ],
  validateChange: (next, previous) =>
    next.spec?.driver === previous.spec?.driver ? [] : [forbidden('spec.driver', 'field is immutable')],
  cells(obj, now) {
    const { nodeName, driver = '', pool, allNodes } = obj.spec ?? {};
    return [nameOf(obj), nodeName ?? (allNodes ? '<all>' : ''), driver, pool?.name ?? '', age(obj, now)];
  },
  selectableFields: obj => ({ 'spec.nodeName': obj.spec?.nodeName ?? '', 'spec.driver': obj.spec?.driver ?? '' }),
});
