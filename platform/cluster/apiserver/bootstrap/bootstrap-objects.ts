// The objects that every Kubernetes cluster starts with: namespaces, roles and bindings, priority classes, the API's own service.
import type { KindObject } from '../../kinds/index.ts';
import { roundTrip } from '../../schema/index.ts';
import type { Store, StoredObject } from '../../store/index.ts';
import type { ResourceTable } from '../registry/resource-table.ts';
import { keyOf, type ServedResource } from '../registry/served-resource.ts';
import { fillNewMetadata, rfc3339 } from '../registry/system-fields.ts';

interface BootstrapParts {
  store: Store;
  resources: ResourceTable;
  now: Date;
  port: number;
  clientCa: string;
}

type Draft = KindObject & { metadata: { name: string; namespace?: string } };

const PLURALS: Record<string, string> = {
  Namespace: 'namespaces',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  PriorityClass: 'priorityclasses',
  FlowSchema: 'flowschemas',
  PriorityLevelConfiguration: 'prioritylevelconfigurations',
  Service: 'services',
  ConfigMap: 'configmaps',
  ServiceCIDR: 'servicecidrs',
  IPAddress: 'ipaddresses',
  APIService: 'apiservices',
  EndpointSlice: 'endpointslices',
};

function namespaces(): Draft[] {
  return ['kube-system', 'kube-public', 'kube-node-lease', 'default'].map(name => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }));
}

function ownObjects({ now, port, clientCa }: BootstrapParts): Draft[] {
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: 'kubernetes' },
      spec: { cidrs: ['10.96.0.0/16'] },
      status: {
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: '',
            message: 'Kubernetes default Service CIDR is ready',
            lastTransitionTime: rfc3339(now),
          },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.96.0.1',
        clusterIPs: ['10.96.0.1'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'None',
        ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }],
      },
      status: { loadBalancer: {} },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
      data: { 'client-ca-file': clientCa },
    },
  ];
}

function create({ store, now }: BootstrapParts, resource: ServedResource, draft: Draft): void {
  const object = structuredClone(draft) as KindObject;
  roundTrip(resource.schema, object);
  resource.strategy.applyDefaults(object);
  fillNewMetadata(object, now);
  store.put(
    keyOf(resource, draft.metadata.namespace ?? '', draft.metadata.name),
    resource.strategy.toStorage(object) as StoredObject,
    { expected: 0 },
  );
}

/** Brings the API's own service to the port of this start. */
function movePort({ store, port }: BootstrapParts, resource: ServedResource): void {
  const key = keyOf(resource, 'default', 'kubernetes');
  const record = store.get(key);
  if (!record) return;
  const ports = (record.object['spec'] as { ports: { targetPort: number }[] }).ports;
  if (ports[0]?.targetPort === port) return;
  const next = structuredClone(record.object);
  (next['spec'] as { ports: { targetPort: number }[] }).ports[0]!.targetPort = port;
  store.put(key, next, { expected: record.revision });
}

/** Creates what is missing and leaves what is there, for a store that is new or was used before. Resolves when it is durable. */
export async function bootstrapObjects(parts: BootstrapParts): Promise<void> {
  const { store, resources } = parts;
  const { default: data } = (await import('../generated/bootstrap-objects.json', { with: { type: 'json' } })) as unknown as {
    default: Draft[];
  };
  for (const draft of [...namespaces(), ...data, ...ownObjects(parts)]) {
    const [group, version] = draft.apiVersion.includes('/') ? draft.apiVersion.split('/') : ['', draft.apiVersion];
    const resource = resources.find(group ?? '', version ?? '', PLURALS[draft.kind] ?? '');
    if (!resource) throw new Error(`there is no resource for ${draft.apiVersion} ${draft.kind}`);
    if (!store.get(keyOf(resource, draft.metadata.namespace ?? '', draft.metadata.name))) create(parts, resource, draft);
    else if (draft.kind === 'Service') movePort(parts, resource);
  }
  await store.durable();
}
