// What each living namespace gets: the service account `default` and the cluster's CA as the ConfigMap kube-root-ca.crt.
import type { KubeObject } from '../../../kube/index.ts';
import {
  type ControllerHost,
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
  type Namespace,
  type ObjectCache,
  objectKey,
} from '../../controller-runtime/index.ts';

const CA_CONFIG_MAP = 'kube-root-ca.crt';
const CA_DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

export function runAccountControllers(host: ControllerHost, { rootCa }: { rootCa: string }): void {
  const namespaces = host.caches.of<Namespace>({ apiVersion: 'v1', kind: 'Namespace' });
  const accounts = host.caches.of({ apiVersion: 'v1', kind: 'ServiceAccount' });
  const configMaps = host.caches.of<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap' });
  const queue = host.queue({ name: 'serviceaccount-controller', sync });

  namespaces.onChange(next => next && queue.add(objectKey(next)));
  accounts.onChange((next, previous) => !next && previous && queue.add(previous.metadata.namespace ?? ''));
  configMaps.onChange((next, previous) => {
    const { name, namespace = '' } = (next ?? previous)?.metadata ?? {};
    if (name === CA_CONFIG_MAP) queue.add(namespace);
  });

  async function sync(name: string): Promise<void> {
    const namespace = namespaces.getByKey(name);
    if (!namespace || namespace.metadata.deletionTimestamp || namespace.status?.phase === 'Terminating') return;
    if (!accounts.get(name, 'default'))
      await createOnce(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } });
    const configMap = configMaps.get(name, CA_CONFIG_MAP);
    const data = { 'ca.crt': rootCa };
    if (!configMap) {
      const metadata = { name: CA_CONFIG_MAP, namespace: name, annotations: { 'kubernetes.io/description': CA_DESCRIPTION } };
      await createOnce(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    } else if (configMap.data?.['ca.crt'] !== rootCa) await configMaps.update({ ...configMap, data });
  }
}

/** That it exists already, or that its namespace goes, is no failure. */
async function createOnce<T extends KubeObject>(cache: ObjectCache<T>, object: T): Promise<void> {
  try {
    await cache.create(object);
  } catch (error) {
    if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
  }
}
