// Flow schemas and priority levels: kept for clients that read them; the embedded server does not queue by them.
import type { V1FlowSchema, V1PriorityLevelConfiguration } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { invalid, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { ensure, keepMetadata, type Loose, setDefault, setDefaultIfZero } from '../objects.ts';
import { age, NONE, nameOf } from '../tables/cells.ts';

type FlowSchema = Loose<V1FlowSchema>;
type PriorityLevel = Loose<V1PriorityLevelConfiguration>;

export const flowSchemaRules: KindRules = rulesFor<FlowSchema>({
  defaults: schema => setDefaultIfZero(ensure(schema, 'spec'), 'matchingPrecedence', 1000),
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  initialStatus: () => ({}),
  prepareStatusUpdate: (next, previous) => keepMetadata(next, previous),
  statusResets: [['metadata']],
  validate(schema) {
    const { matchingPrecedence = 0, priorityLevelConfiguration } = schema.spec ?? {};
    const errors: FieldError[] = [];
    if (matchingPrecedence <= 0) errors.push(invalid('spec.matchingPrecedence', matchingPrecedence, 'must be a positive value'));
    if (matchingPrecedence > 10_000)
      errors.push(invalid('spec.matchingPrecedence', matchingPrecedence, 'must not be greater than 10000'));
    if (!priorityLevelConfiguration?.name)
      errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
    return errors;
  },
  cells(obj, now) {
    const { spec = {}, status = {} } = obj;
    const dangling = (status.conditions ?? []).find(({ type }) => type === 'Dangling')?.status;
    return [
      nameOf(obj),
      spec.priorityLevelConfiguration?.name ?? '',
      spec.matchingPrecedence ?? 0,
      spec.distinguisherMethod?.type ?? NONE,
      age(obj, now),
      dangling ?? '?',
    ];
  },
});

export const priorityLevelRules: KindRules = rulesFor<PriorityLevel>({
  defaults(level) {
    const limited = level.spec?.limited;
    if (!limited) return;
    setDefault(limited, 'nominalConcurrencyShares', 30);
    setDefault(limited, 'lendablePercent', 0);
    const queuing = limited.limitResponse?.queuing;
    if (!queuing) return;
    setDefaultIfZero(queuing, 'queues', 64);
    setDefaultIfZero(queuing, 'queueLengthLimit', 50);
    setDefaultIfZero(queuing, 'handSize', 8);
  },
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  initialStatus: () => ({}),
  prepareStatusUpdate: (next, previous) => keepMetadata(next, previous),
  statusResets: [['metadata']],
  validate(level) {
    const type = level.spec?.type ?? '';
    if (type !== 'Limited' && type !== 'Exempt') return [unsupported('spec.type', type, ['Exempt', 'Limited'])];
    return type === 'Limited' && !level.spec?.limited ? [required('spec.limited', 'must not be empty when type is Limited')] : [];
  },
  cells(obj, now) {
    const { spec = {} } = obj;
    const shares = spec.limited?.nominalConcurrencyShares ?? spec.exempt?.nominalConcurrencyShares;
    const queuing = spec.limited?.limitResponse?.queuing;
    return [
      nameOf(obj),
      spec.type ?? '',
      shares ?? NONE,
      queuing?.queues ?? NONE,
      queuing?.handSize ?? NONE,
      queuing?.queueLengthLimit ?? NONE,
      age(obj, now),
    ];
  },
});
