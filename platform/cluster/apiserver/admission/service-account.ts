// Pods act as a service account: the name is filled in, must exist, and its token is mounted (ServiceAccount).

import type { Store } from '../../store/index.ts';
import { generatedName } from '../registry/system-fields.ts';
import { forbidden } from '../status-error.ts';
import type { AdmissionPlugin } from './admission-chain.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const MIRROR = 'kubernetes.io/config.mirror';
const TOKEN_SECONDS = 3607;

interface Container {
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

interface PodSpec {
  serviceAccountName?: string;
  serviceAccount?: string;
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: unknown[];
  volumes?: { name: string }[];
  containers: Container[];
  initContainers?: Container[];
}

function tokenVolume(name: string) {
  return {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  };
}

function mountToken(spec: PodSpec): void {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const unmounted = containers.filter(container => !container.volumeMounts?.some(mount => mount.mountPath === MOUNT_PATH));
  if (unmounted.length === 0) return;
  const name = generatedName('kube-api-access-');
  for (const container of unmounted)
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
  spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

export function serviceAccountAdmission(store: Store): AdmissionPlugin {
  return {
    mutate({ operation, resource, object, subresource, namespace }) {
      if (operation !== 'create' || subresource !== '' || resource.collection !== '/pods' || !object) return;
      const annotations = object.metadata['annotations'] as Record<string, string> | undefined;
      const spec = object['spec'] as unknown as PodSpec | undefined;
      if (!spec || annotations?.[MIRROR] !== undefined) return;
      spec.serviceAccountName ||= 'default';
      spec.serviceAccount = spec.serviceAccountName;
      const name = String(object.metadata['name'] ?? object.metadata['generateName'] ?? '');
      const account = store.get({ collection: '/serviceaccounts', namespace, name: spec.serviceAccountName })?.object;
      if (!account)
        throw forbidden(
          { group: '', resource: 'pods' },
          name,
          `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`,
        );
      const automount =
        spec.automountServiceAccountToken ?? (account['automountServiceAccountToken'] as boolean | undefined) ?? true;
      if (automount && Array.isArray(spec.containers)) mountToken(spec);
      const pullSecrets = account['imagePullSecrets'] as unknown[] | undefined;
      if (!spec.imagePullSecrets?.length && pullSecrets?.length) spec.imagePullSecrets = structuredClone(pullSecrets);
    },
  };
}
