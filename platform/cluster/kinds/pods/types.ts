// The loose types of pods and their parts, named once.
import type {
  V1Container,
  V1ContainerPort,
  V1ContainerStatus,
  V1EphemeralContainer,
  V1LifecycleHandler,
  V1Pod,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Probe,
  V1Toleration,
  V1Volume,
} from '@kubernetes/client-node';
import type { Loose } from '../objects.ts';

export type Pod = Loose<V1Pod>;
export type PodSpec = Loose<V1PodSpec>;
export type PodTemplate = Loose<V1PodTemplateSpec>;
export type Container = Loose<V1Container> & Partial<Pick<Loose<V1EphemeralContainer>, 'targetContainerName'>>;
export type ContainerPort = Loose<V1ContainerPort>;
export type ContainerStatus = Loose<V1ContainerStatus>;
export type Handler = Loose<V1LifecycleHandler>;
export type Probe = Loose<V1Probe>;
export type Toleration = Loose<V1Toleration>;
export type Volume = Loose<V1Volume>;

/** Containers of every sort, with the path of each below the spec. */
export function allContainers(spec: PodSpec): { container: Container; path: string }[] {
  const out: { container: Container; path: string }[] = [];
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [index, container] of ((spec[list] ?? []) as Container[]).entries())
      out.push({ container, path: `${list}[${index}]` });
  }
  return out;
}
