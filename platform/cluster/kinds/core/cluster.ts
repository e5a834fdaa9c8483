// Namespaces, nodes, and the statuses of components.
import type { V1ComponentStatus, V1Namespace, V1Node } from '@kubernetes/client-node';
import { forbidden, invalid, required, struct, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { labelValue, qualifiedName } from '../meta/names.ts';
import { ensure, type Loose, restore, sameValue } from '../objects.ts';
import { age, NONE, nameOf } from '../tables/cells.ts';

type Namespace = Loose<V1Namespace>;
type Node = Loose<V1Node>;

function labelWithName(namespace: Namespace): void {
  const meta = ensure(namespace, 'metadata');
  if (meta.name) ensure(meta, 'labels')['kubernetes.io/metadata.name'] = meta.name;
}

export const namespaceRules: KindRules = rulesFor<Namespace>({
  nameRule: 'label',
  defaults: labelWithName,
  initialStatus: () => ({ phase: 'Active' }),
  prepareCreate(namespace) {
    // A generated name is known only now.
    labelWithName(namespace);
    const spec = ensure(namespace, 'spec');
    if (!spec.finalizers?.includes('kubernetes')) spec.finalizers = [...(spec.finalizers ?? []), 'kubernetes'];
  },
  prepareUpdate(next, previous) {
    const spec = ensure(next, 'spec');
    if (previous.spec?.finalizers) spec.finalizers = [...previous.spec.finalizers];
    else delete spec.finalizers;
  },
  validateStatusUpdate(next, previous) {
    const phase = next.status?.phase;
    const expected = previous.metadata?.deletionTimestamp ? 'Terminating' : 'Active';
    return phase === expected
      ? []
      : [
          invalid(
            'status.Phase',
            phase ?? '',
            expected === 'Active'
              ? "may only be 'Active' if `deletionTimestamp` is empty"
              : "may only be 'Terminating' if `deletionTimestamp` is not empty",
          ),
        ];
  },
  updates: {
    finalize: {
      prepare: (next, previous) => restore(next, previous, 'status'),
      validate: next =>
        ((next as unknown as Namespace).spec?.finalizers ?? []).flatMap((finalizer, index) =>
          qualifiedName(finalizer).map(message => invalid(`spec.finalizers[${index}]`, finalizer, message)),
        ),
    },
  },
  cells: (obj, now) => [nameOf(obj), obj.status?.phase ?? '', age(obj, now)],
  selectableFields: obj => ({ 'status.phase': obj.status?.phase ?? '' }),
  deletion: { returnsObject: true },
});

export const componentStatusRules: KindRules = rulesFor<Loose<V1ComponentStatus>>({
  cells(obj) {
    const healthy = (obj.conditions ?? []).find(({ type }) => type === 'Healthy');
    const state = { True: 'Healthy', False: 'Unhealthy' }[healthy?.status ?? ''] ?? 'Unknown';
    return [nameOf(obj), state, healthy?.message ?? '', healthy?.error ?? ''];
  },
});

const NOT_READY = { effect: 'NoSchedule', key: 'node.kubernetes.io/not-ready' };
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

const shownTaint = ({ key = '', value = '', effect = '' }: { key?: string; value?: string; effect?: string }): unknown =>
  struct({ Key: key, Value: value, Effect: effect, TimeAdded: null });

function validateTaints(node: Node): ReturnType<typeof invalid>[] {
  const errors: ReturnType<typeof invalid>[] = [];
  const seen = new Set<string>();
  for (const [index, taint] of (node.spec?.taints ?? []).entries()) {
    const field = `metadata.taints[${index}]`;
    const key = taint.key ?? '';
    errors.push(...qualifiedName(key).map(message => invalid(`${field}.key`, key, message)));
    errors.push(...labelValue(taint.value ?? '').map(message => invalid(`${field}.value`, taint.value, message)));
    if (!taint.effect) errors.push(required(`${field}.effect`));
    else if (!EFFECTS.includes(taint.effect)) errors.push(unsupported(`${field}.effect`, taint.effect, EFFECTS));
    const unique = `${key}:${taint.effect}`;
    if (seen.has(unique))
      errors.push({
        type: 'Duplicate value',
        field,
        badValue: shownTaint(taint),
        detail: 'taints must be unique by key and effect pair',
      });
    seen.add(unique);
  }
  return errors;
}

const ROLE_LABEL = 'node-role.kubernetes.io/';

function nodeRoles(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(ROLE_LABEL) && key.length > ROLE_LABEL.length) roles.add(key.slice(ROLE_LABEL.length));
    else if (key === 'kubernetes.io/role' && value) roles.add(value);
  }
  return [...roles].sort().join(',') || NONE;
}

function nodeStatus(node: Node): string {
  const ready = (node.status?.conditions ?? []).find(condition => condition.type === 'Ready');
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'];
  if (node.spec?.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

export const nodeRules: KindRules = rulesFor<Node>({
  defaults(node) {
    const spec = ensure(node, 'spec');
    if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    else if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
    else if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  },
  prepareCreate(node) {
    const spec = ensure(node, 'spec');
    const taints = spec.taints ?? [];
    if (!taints.some(taint => taint.key === NOT_READY.key && taint.effect === NOT_READY.effect))
      spec.taints = [...taints, { ...NOT_READY }];
  },
  validate: validateTaints,
  validateChange(next, previous) {
    const errors = [];
    const before = previous.spec ?? {};
    if (before.podCIDRs?.length && !sameValue(next.spec?.podCIDRs, before.podCIDRs)) {
      errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
    }
    if (before.providerID && next.spec?.providerID !== before.providerID) {
      errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
    }
    return errors;
  },
  cells(obj, now) {
    const info = obj.status?.nodeInfo ?? {};
    const address = (type: string): string => (obj.status?.addresses ?? []).find(one => one.type === type)?.address || NONE;
    return [
      nameOf(obj),
      nodeStatus(obj),
      nodeRoles(obj),
      age(obj, now),
      info.kubeletVersion ?? '',
      address('InternalIP'),
      address('ExternalIP'),
      info.osImage || '<unknown>',
      info.kernelVersion || '<unknown>',
      info.containerRuntimeVersion || '<unknown>',
    ];
  },
  selectableFields: obj => ({ 'spec.unschedulable': String(obj.spec?.unschedulable ?? false) }),
});
