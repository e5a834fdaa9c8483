// The configuration that a kind cluster is created with: the user's own, with what daruma needs added to it.
import { parse, stringify } from 'yaml';
import { DarumaError } from '../../platform/core/index.ts';

/** Where the nodes see what the home holds for them. */
const CERTS_D = '/etc/containerd/certs.d';
const AUDIT_LOG_DIR = '/var/log/daruma';
const POLICY_DIR = '/etc/kubernetes/daruma';
export const AUDIT_LOG = 'audit.log';
export const AUDIT_POLICY = 'policy.yaml';

/** Folders of this machine. */
export interface NodeFolders {
  /** containerd's registry hosts, on every node. */
  registryHosts: string;
  /** Holds the audit policy; read by control planes. */
  auditPolicy: string;
  /** Where the API server's audit log goes. */
  auditLog: string;
}

export interface KindConfigOptions {
  /** The text of the user's own configuration file. */
  own?: string;
  nodes?: number;
  apiServerPort: number;
  folders: NodeFolders;
}

interface KindNode {
  role?: string;
  extraMounts?: { hostPath: string; containerPath: string; readOnly?: boolean }[];
}

interface KindCluster {
  apiVersion?: string;
  kind?: string;
  networking?: Record<string, unknown>;
  nodes?: KindNode[];
  containerdConfigPatches?: string[];
  kubeadmConfigPatches?: string[];
  kubeadmConfigPatchesJSON6902?: object[];
}

/** The configuration as YAML. @throws DarumaError INVALID_INPUT | USAGE */
export function kindConfig({ own, nodes, apiServerPort, folders }: KindConfigOptions): string {
  const config = own === undefined ? {} : readOwn(own);
  if (nodes !== undefined && nodes < 1) throw new DarumaError('USAGE', 'a cluster has at least one node: --nodes 1');
  if (nodes !== undefined && config.nodes)
    throw new DarumaError('USAGE', 'the kind configuration lists its nodes already', { hint: 'leave out --nodes' });
  const wanted = config.nodes ?? [
    { role: 'control-plane' },
    ...Array.from({ length: (nodes ?? 1) - 1 }, (): KindNode => ({ role: 'worker' })),
  ];
  return stringify({
    ...config,
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { apiServerAddress: '127.0.0.1', apiServerPort, ...config.networking },
    nodes: wanted.map(node => withMounts(node, folders)),
    containerdConfigPatches: [
      ...(config.containerdConfigPatches ?? []),
      // Newer node images have it by themselves.
      `[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${CERTS_D}"\n`,
    ],
    kubeadmConfigPatches: [...(config.kubeadmConfigPatches ?? []), auditPatch()],
    kubeadmConfigPatchesJSON6902: [...(config.kubeadmConfigPatchesJSON6902 ?? []), ...auditOperations()],
  });
}

function readOwn(text: string): KindCluster {
  let config: KindCluster | null;
  try {
    config = parse(text) as KindCluster | null;
  } catch (cause) {
    throw new DarumaError('INVALID_INPUT', 'the kind configuration is not YAML', { cause });
  }
  if (config?.kind !== 'Cluster' || config.apiVersion !== 'kind.x-k8s.io/v1alpha4')
    throw new DarumaError('INVALID_INPUT', 'the kind configuration is no Cluster of kind.x-k8s.io/v1alpha4', {
      hint: 'https://kind.sigs.k8s.io/docs/user/configuration/ shows one',
    });
  return config;
}

function withMounts(node: KindNode, { registryHosts, auditPolicy, auditLog }: NodeFolders): KindNode {
  const isControlPlane = (node.role ?? 'control-plane') === 'control-plane';
  return {
    ...node,
    extraMounts: [
      ...(node.extraMounts ?? []),
      { hostPath: registryHosts, containerPath: CERTS_D, readOnly: true },
      ...(isControlPlane
        ? [
            { hostPath: auditPolicy, containerPath: POLICY_DIR, readOnly: true },
            { hostPath: auditLog, containerPath: AUDIT_LOG_DIR },
          ]
        : []),
    ],
  };
}

const auditArguments: Record<string, string> = {
  'audit-policy-file': `${POLICY_DIR}/${AUDIT_POLICY}`,
  'audit-log-path': `${AUDIT_LOG_DIR}/${AUDIT_LOG}`,
  'audit-log-maxsize': '20',
  'audit-log-maxbackup': '1',
};

const auditVolumes = [
  { name: 'daruma-audit-policy', hostPath: POLICY_DIR, mountPath: POLICY_DIR, readOnly: true, pathType: 'Directory' },
  { name: 'daruma-audit-log', hostPath: AUDIT_LOG_DIR, mountPath: AUDIT_LOG_DIR, pathType: 'DirectoryOrCreate' },
];

/** For kubeadm's v1beta3, whose arguments are a map. */
function auditPatch(): string {
  return stringify({
    apiVersion: 'kubeadm.k8s.io/v1beta3',
    kind: 'ClusterConfiguration',
    apiServer: { extraArgs: auditArguments, extraVolumes: auditVolumes },
  });
}

/** For kubeadm's v1beta4, whose arguments are a list that kind has begun; kind leaves out patches of another version. */
function auditOperations(): object[] {
  const operations = [
    ...Object.entries(auditArguments).map(([name, value]) => ({
      op: 'add',
      path: '/apiServer/extraArgs/-',
      value: { name, value },
    })),
    { op: 'add', path: '/apiServer/extraVolumes', value: auditVolumes },
  ];
  return [{ group: 'kubeadm.k8s.io', version: 'v1beta4', kind: 'ClusterConfiguration', patch: JSON.stringify(operations) }];
}
