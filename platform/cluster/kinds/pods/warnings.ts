// The texts that Kubernetes puts into Warning headers for pods and pod templates (pkg/api/pod/warnings.go).
import { allContainers, type Container, type PodSpec, type PodTemplate } from './types.ts';

const DEPRECATED_ANNOTATIONS: Record<string, string> = {
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'seccomp.security.alpha.kubernetes.io/pod': 'non-functional in v1.27+; use the "seccompProfile" field instead',
};

const DEPRECATED_NODE_LABELS: Record<string, string> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

const DEPRECATED_VOLUMES: Record<string, string> = {
  gitRepo: 'deprecated in v1.11',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
};

const NO_SELECTOR = 'a null labelSelector results in matching no pod';

function containerWarnings(container: Container, path: string): string[] {
  const out: string[] = [];
  const names = new Set<string>();
  for (const [index, { name = '', value = '' }] of (container.env ?? []).entries()) {
    if (names.has(name) && !value.includes(`$(${name})`)) {
      out.push(`${path}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`);
    }
    names.add(name);
  }
  for (const list of ['limits', 'requests'] as const) {
    for (const name of ['memory', 'ephemeral-storage']) {
      const amount = container.resources?.[list]?.[name];
      if (typeof amount === 'string' && /\dm$/.test(amount)) {
        out.push(`${path}.resources.${list}[${name}]: fractional byte value "${amount}" is invalid, must be an integer`);
      }
    }
  }
  return out;
}

/** Ports of one pod that are defined twice, in one container or across them. */
function portWarnings(spec: PodSpec, field: string): string[] {
  const out: string[] = [];
  const seen = new Map<string, { path: string; index: number; hostPort: number }>();
  for (const [at, container] of (spec.containers ?? []).entries()) {
    for (const [index, port] of (container.ports ?? []).entries()) {
      const path = `${field}.containers[${at}].ports[${index}]`;
      const key = `${port.containerPort}/${port.protocol ?? 'TCP'}/${port.hostPort ?? 0}/${port.hostIP ?? ''}`;
      const before = seen.get(key);
      if (before) out.push(`${path}: duplicate port definition with ${before.path}`);
      else seen.set(key, { path, index, hostPort: port.hostPort ?? 0 });
    }
  }
  return out;
}

/** Warnings of a pod spec at `field` with the annotations beside it. */
export function podWarnings(template: PodTemplate | undefined, field: string, metaField: string): string[] {
  const spec = template?.spec;
  if (!spec) return [];
  const out: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const text = DEPRECATED_NODE_LABELS[key];
    if (text) out.push(`${field}.nodeSelector[${key}]: ${text}`);
  }
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    for (const [name, text] of Object.entries(DEPRECATED_VOLUMES)) {
      if ((volume as Record<string, unknown>)[name]) out.push(`${field}.volumes[${index}].${name}: ${text}`);
    }
  }
  for (const [key, text] of Object.entries(DEPRECATED_ANNOTATIONS)) {
    if (template?.metadata?.annotations?.[key] !== undefined) out.push(`${metaField}.annotations[${key}]: ${text}`);
  }
  for (const { container, path } of allContainers(spec)) out.push(...containerWarnings(container, `${field}.${path}`));
  out.push(...portWarnings(spec, field));
  for (const [index, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    if (!constraint.labelSelector) out.push(`${field}.topologySpreadConstraints[${index}].labelSelector: ${NO_SELECTOR}`);
  }
  for (const [index, secret] of (spec.imagePullSecrets ?? []).entries()) {
    if (!secret.name) out.push(`${field}.imagePullSecrets[${index}].name: invalid empty name ""`);
  }
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) {
    out.push(`${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  return out;
}
