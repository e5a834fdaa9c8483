// Gets a container's image by its pull policy, waiting between attempts as a kubelet does.
import { messageOf } from '../../core/index.ts';
import { type LocalImage, parseImageReference } from './images/index.ts';
import type { NodeServices } from './node-services.ts';
import type { Container, Pod } from './pod-types.ts';

/** A local registry is back sooner than the kubelet's 10 s; the longest wait is its 5 min. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;

export interface ImageWait {
  pod: () => Pod;
  container: Container;
  init: boolean;
  signal: AbortSignal;
  onWaiting: (reason: string, message: string) => void;
}

function defaultPolicy(image: string): string {
  const { tag, digest } = parseImageReference(image);
  return digest || tag !== 'latest' ? 'IfNotPresent' : 'Always';
}

/** Tries until there is an image or the signal aborts (undefined then). */
export async function awaitImage(services: NodeServices, wait: ImageWait): Promise<LocalImage | undefined> {
  const { container, init, signal } = wait;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    services.events.record(wait.pod(), { type, reason, message, container: container.name, init });
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    const problem = await attempt(services, wait, event);
    if ('image' in problem) return problem.image;
    if (signal.aborted) return undefined;
    event('Warning', 'Failed', `Error: ${problem.reason}`);
    wait.onWaiting(problem.reason, problem.message);
    await services.clock.sleep(Math.min(waitMs, FIRST_WAIT_MS), { signal }).catch(() => {});
    if (signal.aborted) return undefined;
    if (problem.reason === 'ErrImagePull') {
      event('Normal', 'BackOff', `Back-off pulling image "${container.image}"`);
      event('Warning', 'Failed', 'Error: ImagePullBackOff');
      wait.onWaiting('ImagePullBackOff', `Back-off pulling image "${container.image}": ErrImagePull: ${problem.message}`);
    }
    await services.clock.sleep(waitMs, { signal }).catch(() => {});
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
  return undefined;
}

async function attempt(
  { images, clock }: NodeServices,
  { container, signal }: ImageWait,
  event: (type: 'Normal' | 'Warning', reason: string, message: string) => void,
): Promise<{ image: LocalImage } | { reason: string; message: string }> {
  try {
    const reference = parseImageReference(container.image);
    const policy = container.imagePullPolicy || defaultPolicy(container.image);
    if (policy !== 'Always') {
      const present = await images.find(reference);
      if (present) {
        event('Normal', 'Pulled', `Container image "${container.image}" already present on machine`);
        return { image: present };
      }
      if (policy === 'Never') {
        const message = `Container image "${container.image}" is not present with pull policy of Never`;
        event('Warning', 'ErrImageNeverPull', message);
        return { reason: 'ErrImageNeverPull', message };
      }
    }
    event('Normal', 'Pulling', `Pulling image "${container.image}"`);
    const startedAt = clock.now().getTime();
    const image = await images.pull(reference, { signal });
    const tookMs = clock.now().getTime() - startedAt;
    event(
      'Normal',
      'Pulled',
      `Successfully pulled image "${container.image}" in ${tookMs}ms (${tookMs}ms including waiting). Image size: ${image.sizeBytes} bytes.`,
    );
    return { image };
  } catch (error) {
    const message = messageOf(error);
    if (message.includes('invalid reference format')) return { reason: 'InvalidImageName', message };
    if (!signal.aborted) event('Warning', 'Failed', `Failed to pull image "${container.image}": ${message}`);
    return { reason: 'ErrImagePull', message };
  }
}
