// The defaults of pods and pod templates, as k8s.io/kubernetes pkg/apis/core/v1/defaults.go sets them.
import { ensure, setDefault, setDefaultIfZero } from '../objects.ts';
import { allContainers, type Container, type Handler, type Pod, type PodSpec, type Probe, type Volume } from './types.ts';

/** The tag of an image reference; `latest` when it has neither tag nor digest. */
function imageTag(image: string): string {
  const [name = '', digest] = image.split('@');
  const last = name.slice(name.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  if (colon >= 0) return last.slice(colon + 1);
  return digest === undefined ? 'latest' : '';
}

const defaultPullPolicy = (image: string | undefined): string => (imageTag(image ?? '') === 'latest' ? 'Always' : 'IfNotPresent');

function defaultHandler(handler: Handler | undefined): void {
  if (!handler?.httpGet) return;
  setDefaultIfZero(handler.httpGet, 'path', '/');
  setDefaultIfZero(handler.httpGet, 'scheme', 'HTTP');
}

function defaultProbe(probe: Probe | undefined): void {
  if (!probe) return;
  setDefaultIfZero(probe, 'timeoutSeconds', 1);
  setDefaultIfZero(probe, 'periodSeconds', 10);
  setDefaultIfZero(probe, 'successThreshold', 1);
  setDefaultIfZero(probe, 'failureThreshold', 3);
  defaultHandler(probe);
  if (probe.grpc) setDefault(probe.grpc, 'service', '');
}

function defaultContainer(container: Container): void {
  setDefaultIfZero(container, 'imagePullPolicy', defaultPullPolicy(container.image));
  setDefaultIfZero(container, 'terminationMessagePath', '/dev/termination-log');
  setDefaultIfZero(container, 'terminationMessagePolicy', 'File');
  ensure(container, 'resources');
  for (const port of container.ports ?? []) setDefaultIfZero(port, 'protocol', 'TCP');
  for (const env of container.env ?? [])
    if (env.valueFrom?.fieldRef) setDefaultIfZero(env.valueFrom.fieldRef, 'apiVersion', 'v1');
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultHandler(container.lifecycle?.postStart);
  defaultHandler(container.lifecycle?.preStop);
}

const FILE_MODE = 0o644;

function defaultDownwardItems(items: { fieldRef?: { apiVersion?: string } }[] | undefined): void {
  for (const item of items ?? []) if (item.fieldRef) setDefaultIfZero(item.fieldRef, 'apiVersion', 'v1');
}

function defaultVolume(volume: Volume): void {
  const sources = Object.entries(volume).filter(([key, source]) => key !== 'name' && source !== undefined && source !== null);
  if (sources.length === 0) volume.emptyDir = {};
  if (volume.secret) setDefault(volume.secret, 'defaultMode', FILE_MODE);
  if (volume.configMap) setDefault(volume.configMap, 'defaultMode', FILE_MODE);
  if (volume.downwardAPI) {
    setDefault(volume.downwardAPI, 'defaultMode', FILE_MODE);
    defaultDownwardItems(volume.downwardAPI.items);
  }
  if (volume.projected) {
    setDefault(volume.projected, 'defaultMode', FILE_MODE);
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken) setDefault(source.serviceAccountToken, 'expirationSeconds', 3600);
      defaultDownwardItems(source.downwardAPI?.items);
    }
  }
  if (volume.hostPath) setDefault(volume.hostPath, 'type', '');
  if (volume.image) setDefaultIfZero(volume.image, 'pullPolicy', defaultPullPolicy(volume.image.reference));
  if (volume.iscsi) setDefaultIfZero(volume.iscsi, 'iscsiInterface', 'default');
  if (volume.ephemeral?.volumeClaimTemplate)
    setDefault(ensure(volume.ephemeral.volumeClaimTemplate, 'spec'), 'volumeMode', 'Filesystem');
}

/** Defaults of a pod template's spec; a pod's own come on top (see defaultPod). */
export function defaultPodSpec(spec: PodSpec): void {
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const { container } of allContainers(spec)) defaultContainer(container);
  // Only sidecars have a restart policy of their own while ContainerRestartRules is an alpha feature.
  for (const container of spec.containers ?? []) delete container.restartPolicy;
  for (const container of spec.initContainers ?? []) if (container.restartPolicy !== 'Always') delete container.restartPolicy;
  setDefaultIfZero(spec, 'dnsPolicy', 'ClusterFirst');
  setDefaultIfZero(spec, 'restartPolicy', 'Always');
  ensure(spec, 'securityContext');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefaultIfZero(spec, 'schedulerName', 'default-scheduler');
  // Two names of one field: the new one wins, and answers carry both.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
}

/** Defaults of a pod, mutating it. */
export function defaultPod(pod: Pod): void {
  const spec = ensure(pod, 'spec');
  for (const { container } of allContainers(spec)) {
    const { resources } = container;
    for (const [name, amount] of Object.entries(resources?.limits ?? {})) {
      const requests = ensure(resources as { requests?: Record<string, string> }, 'requests');
      setDefault(requests, name, amount);
    }
    if (!spec.hostNetwork) continue;
    for (const port of container.ports ?? []) if (port.containerPort) setDefaultIfZero(port, 'hostPort', port.containerPort);
  }
  setDefault(spec, 'enableServiceLinks', true);
  // Two names of one address: the single one wins where they differ.
  const status = pod.status;
  if (status?.podIP && status.podIPs?.[0]?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  else if (status && !status.podIP && status.podIPs?.[0]?.ip) status.podIP = status.podIPs[0].ip;
  defaultPodSpec(spec);
}

/** Defaults of the template in `holder.template`, made when it is missing. */
export function defaultPodTemplate(holder: { template?: { metadata?: unknown; spec?: PodSpec } }): void {
  const template = ensure(holder, 'template');
  ensure(template, 'metadata');
  defaultPodSpec(ensure(template, 'spec'));
}
