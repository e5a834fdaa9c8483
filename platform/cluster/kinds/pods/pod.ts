// The rules of pods and of pod templates that stand alone.
import type { V1PodTemplate } from '@kubernetes/client-node';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import type { Loose } from '../objects.ts';
import type { KindObject, SubresourceUpdate } from '../strategy.ts';
import { containersAndImages, labelsText, nameOf } from '../tables/cells.ts';
import { podCells } from './cells.ts';
import { defaultPod, defaultPodTemplate } from './defaults.ts';
import { prepareEphemeralContainers, preparePodCreate, preparePodStatusUpdate, prepareResize } from './prepare.ts';
import type { Pod } from './types.ts';
import { validateEphemeralUpdate, validatePodUpdate } from './update.ts';
import { validatePod, validatePodSpec, validatePodTemplate } from './validate-pod.ts';
import { podWarnings } from './warnings.ts';

const asPod = (obj: KindObject): Pod => obj as unknown as Pod;

const ephemeralContainers: SubresourceUpdate = {
  prepare: prepareEphemeralContainers,
  validate: (next, previous) => validateEphemeralUpdate(asPod(next), asPod(previous)),
};

const resize: SubresourceUpdate = { prepare: prepareResize, validate: next => validatePodSpec(asPod(next).spec ?? {}, 'spec') };

export const podRules: KindRules = rulesFor<Pod>({
  defaults: defaultPod,
  generationFields: ['spec'],
  prepareCreate: preparePodCreate,
  prepareStatusUpdate: preparePodStatusUpdate,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  warnings: pod => podWarnings(pod, 'spec', 'metadata'),
  cells: podCells,
  selectableFields: pod => ({
    'spec.nodeName': pod.spec?.nodeName ?? '',
    'spec.restartPolicy': pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': String(pod.spec?.hostNetwork ?? false),
    'status.phase': pod.status?.phase ?? '',
    'status.podIP': pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    'status.podIPs': pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    'status.nominatedNodeName': pod.status?.nominatedNodeName ?? '',
  }),
  deletion: {
    returnsObject: true,
    gracePeriodSeconds(obj) {
      const pod = asPod(obj);
      // A pod that no node runs, or that has ended, has nothing to wait for.
      if (!pod.spec?.nodeName || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return 0;
      const seconds = pod.spec.terminationGracePeriodSeconds ?? 30;
      return seconds < 0 ? 1 : seconds;
    },
  },
  updates: { ephemeralcontainers: ephemeralContainers, resize },
});

export const podTemplateRules: KindRules = rulesFor<Loose<V1PodTemplate>>({
  defaults: defaultPodTemplate,
  generationFields: ['template'],
  validate: obj => validatePodTemplate(obj.template, 'template'),
  warnings: obj => podWarnings(obj.template, 'template.spec', 'template.metadata'),
  cells: obj => [nameOf(obj), ...containersAndImages(obj.template?.spec), labelsText(obj.template?.metadata?.labels)],
});
