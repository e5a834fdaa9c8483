// Plain directories of YAML and JSON: which files count, and the objects in them. Rules as argo-cd 3.2's directory source.
import picomatch from 'picomatch';
import { parseAllDocuments } from 'yaml';
import { DarumaError } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';

const MANIFEST = /\.(ya?ml|json)$/i;

/** The objects of the manifests below `path`, files in the order of their names. @throws DarumaError RENDER_FAILED naming file and line */
export function renderDirectory(
  files: Map<string, Uint8Array>,
  path: string,
  { recurse = false, include, exclude }: { recurse?: boolean; include?: string; exclude?: string } = {},
): KubeObject[] {
  const prefix = path === '' ? '' : `${path}/`;
  const included = include ? matcher(include) : () => true;
  const excluded = exclude ? matcher(exclude) : () => false;
  return [...files.keys()]
    .filter(name => name.startsWith(prefix) && MANIFEST.test(name))
    .map(name => name.slice(prefix.length))
    .filter(name => (recurse || !name.includes('/')) && included(name) && !excluded(name))
    .sort()
    .flatMap(name => parseManifests(files.get(prefix + name) ?? new Uint8Array(), prefix + name));
}

/** Every object of a file of one or more documents; `List` kinds are taken apart. @throws DarumaError RENDER_FAILED */
export function parseManifests(content: Uint8Array, file: string): KubeObject[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    throw new DarumaError('RENDER_FAILED', `${file} is not valid UTF-8`, { cause: error });
  }
  const objects: KubeObject[] = [];
  // YAML 1.1, as Kubernetes reads it: `yes` is a boolean.
  for (const document of parseAllDocuments(text, { version: '1.1', merge: true, prettyErrors: true })) {
    const [problem] = document.errors;
    if (problem) {
      const [message = problem.message] = problem.message.split('\n');
      throw new DarumaError('RENDER_FAILED', `${file}: ${message.replace(/:$/, '')}`, { cause: problem });
    }
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    if (value === null || value === undefined) continue;
    objects.push(...asObjects(value, file));
  }
  return objects;
}

function asObjects(value: unknown, file: string): KubeObject[] {
  const object = value as Partial<KubeObject> & { items?: unknown };
  if (
    typeof value !== 'object' ||
    Array.isArray(value) ||
    typeof object.apiVersion !== 'string' ||
    typeof object.kind !== 'string'
  )
    throw new DarumaError('RENDER_FAILED', `${file}: a document is not a Kubernetes object with apiVersion and kind`);
  if (object.kind.endsWith('List') && Array.isArray(object.items)) return object.items.flatMap(item => asObjects(item, file));
  if (typeof object.metadata?.name !== 'string' && typeof object.metadata?.generateName !== 'string')
    throw new DarumaError('RENDER_FAILED', `${file}: a ${object.kind} has no metadata.name`);
  return [object as KubeObject];
}

/** Argo CD's globs: `*` crosses no slash, `{a,b}` lists alternatives; one without a slash matches the name in any folder. */
function matcher(glob: string): (name: string) => boolean {
  const isMatch = picomatch(glob, { dot: true });
  const ofName = glob.includes('/') ? undefined : picomatch(glob, { dot: true, basename: true });
  return name => isMatch(name) || (ofName?.(name) ?? false);
}
