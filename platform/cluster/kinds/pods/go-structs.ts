// How the API server's internal Go types print as JSON: every field, in declaration order, zero values included
// (k8s.io/kubernetes pkg/apis/core/types.go). Only error messages show this form.

/** A field: its Go name and the JSON name where lower-casing the first letter does not give it; `zero` is printed when it is absent. */
type FieldFacts = readonly [go: string, zero: unknown, type?: string, json?: string];

const text = (go: string, json?: string): FieldFacts => (json ? [go, '', undefined, json] : [go, '']);
const none = (go: string, type?: string, json?: string): FieldFacts => [go, null, type, json];
const no = (go: string, json?: string): FieldFacts => [go, false, undefined, json];
const zero = (go: string): FieldFacts => [go, 0];

const CONTAINER: readonly FieldFacts[] = [
  text('Name'),
  text('Image'),
  none('Command'),
  none('Args'),
  text('WorkingDir'),
  none('Ports', 'ContainerPort'),
  none('EnvFrom', 'EnvFromSource'),
  none('Env', 'EnvVar'),
  ['Resources', {}, 'ResourceRequirements'],
  none('ResizePolicy'),
  none('RestartPolicy'),
  none('RestartPolicyRules'),
  none('VolumeMounts', 'VolumeMount'),
  none('VolumeDevices'),
  none('LivenessProbe', 'Probe'),
  none('ReadinessProbe', 'Probe'),
  none('StartupProbe', 'Probe'),
  none('Lifecycle', 'Lifecycle'),
  text('TerminationMessagePath'),
  text('TerminationMessagePolicy'),
  text('ImagePullPolicy'),
  none('SecurityContext', 'SecurityContext'),
  no('Stdin'),
  no('StdinOnce'),
  no('TTY', 'tty'),
];

const STRUCTS: Record<string, readonly FieldFacts[]> = {
  PodSpec: [
    none('Volumes', 'Volume'),
    none('InitContainers', 'Container'),
    none('Containers', 'Container'),
    none('EphemeralContainers', 'EphemeralContainer'),
    text('RestartPolicy'),
    none('TerminationGracePeriodSeconds'),
    none('ActiveDeadlineSeconds'),
    text('DNSPolicy', 'dnsPolicy'),
    none('NodeSelector', 'map'),
    text('ServiceAccountName'),
    none('AutomountServiceAccountToken'),
    text('NodeName'),
    none('SecurityContext', 'PodSecurityContext'),
    none('ImagePullSecrets'),
    text('Hostname'),
    text('Subdomain'),
    none('SetHostnameAsFQDN'),
    none('Affinity', 'Affinity'),
    text('SchedulerName'),
    none('Tolerations', 'Toleration'),
    none('HostAliases'),
    text('PriorityClassName'),
    none('Priority'),
    none('PreemptionPolicy'),
    none('DNSConfig', 'DNSConfig', 'dnsConfig'),
    none('ReadinessGates'),
    none('RuntimeClassName'),
    none('Overhead', 'map'),
    none('EnableServiceLinks'),
    none('TopologySpreadConstraints', 'TopologySpreadConstraint'),
    none('OS', undefined, 'os'),
    none('SchedulingGates'),
    none('ResourceClaims'),
    none('Resources', 'ResourceRequirements'),
    none('HostnameOverride'),
  ],
  PodSecurityContext: [
    no('HostNetwork'),
    no('HostPID'),
    no('HostIPC'),
    none('ShareProcessNamespace'),
    none('HostUsers'),
    none('SELinuxOptions', undefined, 'seLinuxOptions'),
    none('WindowsOptions'),
    none('RunAsUser'),
    none('RunAsGroup'),
    none('RunAsNonRoot'),
    none('SupplementalGroups'),
    none('SupplementalGroupsPolicy'),
    none('FSGroup', undefined, 'fsGroup'),
    none('FSGroupChangePolicy', undefined, 'fsGroupChangePolicy'),
    none('Sysctls'),
    none('SeccompProfile', 'Profile'),
    none('AppArmorProfile', 'Profile'),
    none('SELinuxChangePolicy', undefined, 'seLinuxChangePolicy'),
  ],
  SecurityContext: [
    none('Capabilities', 'Capabilities'),
    none('Privileged'),
    none('SELinuxOptions', undefined, 'seLinuxOptions'),
    none('WindowsOptions'),
    none('RunAsUser'),
    none('RunAsGroup'),
    none('RunAsNonRoot'),
    none('ReadOnlyRootFilesystem'),
    none('AllowPrivilegeEscalation'),
    none('ProcMount'),
    none('SeccompProfile', 'Profile'),
    none('AppArmorProfile', 'Profile'),
  ],
  Capabilities: [none('Add'), none('Drop')],
  Profile: [text('Type'), none('LocalhostProfile')],
  Container: CONTAINER,
  EphemeralContainer: [...CONTAINER, text('TargetContainerName')],
  ContainerPort: [text('Name'), zero('HostPort'), zero('ContainerPort'), text('Protocol'), text('HostIP', 'hostIP')],
  EnvVar: [text('Name'), text('Value'), none('ValueFrom', 'EnvVarSource')],
  EnvVarSource: [
    none('FieldRef', 'FieldRef'),
    none('ResourceFieldRef', 'ResourceFieldRef'),
    none('ConfigMapKeyRef', 'KeyRef'),
    none('SecretKeyRef', 'KeyRef'),
    none('FileKeyRef'),
  ],
  FieldRef: [text('APIVersion', 'apiVersion'), text('FieldPath')],
  ResourceFieldRef: [text('ContainerName'), text('Resource'), ['Divisor', '0']],
  KeyRef: [text('Name'), text('Key'), none('Optional')],
  EnvFromSource: [text('Prefix'), none('ConfigMapRef', 'ObjectRef'), none('SecretRef', 'ObjectRef')],
  ObjectRef: [text('Name'), none('Optional')],
  ResourceRequirements: [none('Limits', 'map'), none('Requests', 'map'), none('Claims')],
  VolumeMount: [
    text('Name'),
    no('ReadOnly'),
    none('RecursiveReadOnly'),
    text('MountPath'),
    text('SubPath'),
    none('MountPropagation'),
    text('SubPathExpr'),
  ],
  Probe: [
    none('Exec'),
    none('HTTPGet', 'HTTPGet', 'httpGet'),
    none('TCPSocket', 'TCPSocket', 'tcpSocket'),
    none('GRPC', undefined, 'grpc'),
    zero('InitialDelaySeconds'),
    zero('TimeoutSeconds'),
    zero('PeriodSeconds'),
    zero('SuccessThreshold'),
    zero('FailureThreshold'),
    none('TerminationGracePeriodSeconds'),
  ],
  HTTPGet: [text('Path'), ['Port', 0], text('Host'), text('Scheme'), none('HTTPHeaders', undefined, 'httpHeaders')],
  TCPSocket: [['Port', 0], text('Host')],
  Lifecycle: [none('PostStart', 'LifecycleHandler'), none('PreStop', 'LifecycleHandler'), none('StopSignal')],
  LifecycleHandler: [
    none('Exec'),
    none('HTTPGet', 'HTTPGet', 'httpGet'),
    none('TCPSocket', 'TCPSocket', 'tcpSocket'),
    none('Sleep'),
  ],
  Toleration: [text('Key'), text('Operator'), text('Value'), text('Effect'), none('TolerationSeconds')],
  Volume: [
    text('Name'),
    none('HostPath', 'HostPath'),
    none('EmptyDir', 'EmptyDir'),
    none('GCEPersistentDisk', undefined, 'gcePersistentDisk'),
    none('AWSElasticBlockStore', undefined, 'awsElasticBlockStore'),
    none('GitRepo'),
    none('Secret', 'SecretVolume'),
    none('NFS', 'NFS', 'nfs'),
    none('ISCSI', undefined, 'iscsi'),
    none('Glusterfs'),
    none('PersistentVolumeClaim', 'ClaimVolume'),
    none('RBD', undefined, 'rbd'),
    none('Quobyte'),
    none('FlexVolume'),
    none('Cinder'),
    none('CephFS', undefined, 'cephfs'),
    none('Flocker'),
    none('DownwardAPI'),
    none('FC', undefined, 'fc'),
    none('AzureFile'),
    none('ConfigMap', 'ConfigMapVolume'),
    none('VsphereVolume'),
    none('AzureDisk'),
    none('PhotonPersistentDisk'),
    none('Projected'),
    none('PortworxVolume'),
    none('ScaleIO', undefined, 'scaleIO'),
    none('StorageOS', undefined, 'storageos'),
    none('CSI', undefined, 'csi'),
    none('Ephemeral'),
    none('Image'),
  ],
  ClaimSpec: [
    none('AccessModes'),
    none('Selector', 'as-is'),
    ['Resources', {}, 'VolumeResources'],
    text('VolumeName'),
    none('StorageClassName'),
    none('VolumeMode'),
    none('DataSource'),
    none('DataSourceRef'),
    none('VolumeAttributesClassName'),
  ],
  VolumeResources: [none('Limits', 'map'), none('Requests', 'map')],
  PersistentVolumeSource: [
    none('GCEPersistentDisk', undefined, 'gcePersistentDisk'),
    none('AWSElasticBlockStore', undefined, 'awsElasticBlockStore'),
    none('HostPath', 'HostPath'),
    none('Glusterfs'),
    none('NFS', 'NFS', 'nfs'),
    none('RBD', undefined, 'rbd'),
    none('Quobyte'),
    none('ISCSI', undefined, 'iscsi'),
    none('FlexVolume'),
    none('Cinder'),
    none('CephFS', undefined, 'cephfs'),
    none('FC', undefined, 'fc'),
    none('Flocker'),
    none('AzureFile'),
    none('VsphereVolume'),
    none('AzureDisk'),
    none('PhotonPersistentDisk'),
    none('PortworxVolume'),
    none('ScaleIO', undefined, 'scaleIO'),
    none('Local', 'LocalVolume'),
    none('StorageOS', undefined, 'storageos'),
    none('CSI', undefined, 'csi'),
  ],
  HostPath: [text('Path'), none('Type')],
  NFS: [text('Server'), text('Path'), no('ReadOnly')],
  LocalVolume: [text('Path'), none('FSType', undefined, 'fsType')],
  EmptyDir: [text('Medium'), none('SizeLimit')],
  SecretVolume: [text('SecretName'), none('Items', 'KeyToPath'), none('DefaultMode'), none('Optional')],
  ConfigMapVolume: [text('Name'), none('Items', 'KeyToPath'), none('DefaultMode'), none('Optional')],
  KeyToPath: [text('Key'), text('Path'), none('Mode')],
  ClaimVolume: [text('ClaimName'), no('ReadOnly')],
  Affinity: [none('NodeAffinity'), none('PodAffinity'), none('PodAntiAffinity')],
  DNSConfig: [none('Nameservers'), none('Searches'), none('Options')],
  TopologySpreadConstraint: [
    zero('MaxSkew'),
    text('TopologyKey'),
    text('WhenUnsatisfiable'),
    none('LabelSelector', 'as-is'),
    none('MinDomains'),
    none('NodeAffinityPolicy'),
    none('NodeTaintsPolicy'),
    none('MatchLabelKeys'),
  ],
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const lower = (go: string): string => go.charAt(0).toLowerCase() + go.slice(1);
const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.keys(value).length === 0);

// In the internal form these host settings live in the security context.
const HOST_FIELDS = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const;

function withHostFields(spec: Record<string, unknown>): Record<string, unknown> {
  const host = Object.fromEntries(HOST_FIELDS.flatMap(key => (spec[key] === undefined ? [] : [[key, spec[key]]])));
  return { ...spec, securityContext: { ...(spec['securityContext'] as object | undefined), ...host } };
}

/** The value as Go's encoder would print the internal type of that name. */
export function goJson(type: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map(item => goJson(type, item));
  if (!isRecord(value) || type === 'as-is') return value;
  if (type === 'map') return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  const fields = STRUCTS[type];
  if (!fields)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key.charAt(0).toUpperCase() + key.slice(1), goJson('', one)]),
    );
  const source = type === 'PodSpec' ? withHostFields(value) : value;
  const out: Record<string, unknown> = {};
  for (const [go, absent, inner, json] of fields) {
    const found = source[json ?? lower(go)];
    // Pointers to structs print their zero fields even when they are empty.
    const keepsEmpty = isRecord(found) && inner !== undefined && inner !== 'map';
    if (isEmpty(found) && !keepsEmpty) out[go] = isRecord(absent) ? goJson(inner ?? '', absent) : absent;
    else out[go] = inner === undefined ? goJson('', found) : goJson(inner, found);
  }
  return out;
}
