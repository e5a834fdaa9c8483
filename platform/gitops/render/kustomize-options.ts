// An application's spec.source.kustomize as one more overlay on top of its path.
import { posix } from 'node:path';
import type { KustomizeOptions } from '../model/index.ts';

/** A kustomization file, in JSON (which is YAML), that applies the options to `path`. */
export function overlayFor(options: KustomizeOptions, path: string): { dir: string; file: string; content: string } {
  const dir = '/.daruma-overlay';
  const relative = (target: string) => posix.relative(dir, posix.join('/', target)) || '.';
  const { commonLabels, images, components, commonAnnotations, labelWithoutSelector, labelIncludeTemplates, ...same } = options;
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(path)],
    ...same,
    ...(commonAnnotations ? { commonAnnotations } : {}),
    ...(components ? { components: components.map(component => relative(posix.join(path, component))) } : {}),
    ...(commonLabels && labelWithoutSelector
      ? { labels: [{ pairs: commonLabels, includeTemplates: labelIncludeTemplates ?? false }] }
      : commonLabels
        ? { commonLabels }
        : {}),
    ...(images ? { images: images.map(readImage) } : {}),
  };
  return { dir, file: `${dir}/kustomization.yaml`, content: JSON.stringify(kustomization) };
}

/** `[name=]image[:tag][@digest]`, as `kustomize edit set image` takes it. */
function readImage(text: string): { name: string; newName?: string; newTag?: string; digest?: string } {
  const equals = text.indexOf('=');
  const target = equals < 0 ? text : text.slice(equals + 1);
  const [reference = '', digest] = target.split('@');
  const colon = reference.lastIndexOf(':');
  const tagged = colon > reference.lastIndexOf('/');
  const newName = tagged ? reference.slice(0, colon) : reference;
  return {
    name: equals < 0 ? newName : text.slice(0, equals),
    ...(equals < 0 ? {} : { newName }),
    ...(tagged ? { newTag: reference.slice(colon + 1) } : {}),
    ...(digest ? { digest } : {}),
  };
}
