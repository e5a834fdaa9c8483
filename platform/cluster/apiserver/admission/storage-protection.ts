// Claims and volumes in use are not deleted under their users (StorageObjectInUseProtection); claims get the default class.
import type { Store } from '../../store/index.ts';
import type { AdmissionPlugin } from './admission-chain.ts';

const FINALIZERS: Record<string, string> = {
  '/persistentvolumeclaims': 'kubernetes.io/pvc-protection',
  '/persistentvolumes': 'kubernetes.io/pv-protection',
};
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export function storageProtection(store: Store): AdmissionPlugin {
  return {
    mutate({ operation, resource, object, subresource }) {
      const finalizer = FINALIZERS[resource.collection];
      if (operation !== 'create' || subresource !== '' || !finalizer || !object) return;
      const finalizers = (object.metadata['finalizers'] as string[] | undefined) ?? [];
      if (!finalizers.includes(finalizer)) object.metadata['finalizers'] = [...finalizers, finalizer];
      if (resource.collection !== '/persistentvolumeclaims') return;
      const spec = object['spec'] as { storageClassName?: string } | undefined;
      if (!spec || spec.storageClassName !== undefined) return;
      const classes = store.list('storage.k8s.io/storageclasses').map(record => record.object);
      const chosen = classes
        .filter(({ metadata }) => (metadata['annotations'] as Record<string, string> | undefined)?.[DEFAULT_CLASS] === 'true')
        .sort((a, b) => String(b.metadata['creationTimestamp']).localeCompare(String(a.metadata['creationTimestamp'])))[0];
      if (chosen) spec.storageClassName = chosen.metadata.name;
    },
  };
}
