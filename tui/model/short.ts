// What machines write long and people read short.

/** `Deployment.apps/demo` is Deployment/demo. */
export function shortKind(resource: string): string {
  return resource.replace(/\b([A-Z][A-Za-z]+)\.[a-z0-9.-]+\//g, '$1/');
}

/** One line of a value of a manifest: an image by the seven letters of its commit, a structure as JSON. */
export function shortValue(value: unknown): string {
  if (value === undefined) return '(none)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const image = /^[^\s:]+\/[^\s:]+:([0-9a-f]{7})[0-9a-f]{33}(?:-\d+)?$/.exec(text);
  return image ? `…:${image[1]}` : text;
}
