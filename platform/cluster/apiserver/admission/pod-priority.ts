// Pods get the number and the preemption policy of their priority class (Priority); one class may be the default.
import type { Store, StoredObject } from '../../store/index.ts';
import { forbidden } from '../status-error.ts';
import type { AdmissionPlugin } from './admission-chain.ts';

const CLASSES = 'scheduling.k8s.io/priorityclasses';

interface PodSpec {
  priorityClassName?: string;
  priority?: number;
  preemptionPolicy?: string;
}

function defaultClass(store: Store): StoredObject | undefined {
  return store
    .list(CLASSES)
    .map(record => record.object)
    .filter(object => object['globalDefault'] === true)
    .sort((a, b) => Number(a['value']) - Number(b['value']))[0];
}

export function podPriority(store: Store): AdmissionPlugin {
  return {
    mutate({ operation, resource, object, subresource }) {
      if (operation !== 'create' || subresource !== '' || resource.collection !== '/pods' || !object) return;
      const spec = object['spec'] as PodSpec | undefined;
      if (!spec) return;
      const name = String(object.metadata['name'] ?? object.metadata['generateName'] ?? '');
      let chosen: StoredObject | undefined;
      if (spec.priorityClassName) {
        chosen = store.get({ collection: CLASSES, namespace: '', name: spec.priorityClassName })?.object;
        if (!chosen)
          throw forbidden(
            { group: '', resource: 'pods' },
            name,
            `no PriorityClass with name ${spec.priorityClassName} was found`,
          );
      } else {
        chosen = defaultClass(store);
        if (chosen) spec.priorityClassName = chosen.metadata.name;
      }
      const priority = Number(chosen?.['value'] ?? 0);
      if (spec.priority !== undefined && spec.priority !== priority)
        throw forbidden(
          { group: '', resource: 'pods' },
          name,
          `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
        );
      spec.priority = priority;
      const policy = String(chosen?.['preemptionPolicy'] ?? 'PreemptLowerPriority');
      spec.preemptionPolicy ??= policy;
      if (spec.preemptionPolicy !== policy)
        throw forbidden(
          { group: '', resource: 'pods' },
          name,
          `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
        );
    },
  };
}
