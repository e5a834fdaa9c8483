// Steps into an object as managedFields names them, and how people, JSON pointers and lists read them.

/** A step: a field, an item of a list by its keys, an item of a set by its value, or an index of an atomic list. */
export type Step = { field: string } | { keys: Record<string, unknown> } | { value: unknown } | { index: number };

/** `spec.template.spec.containers[name=demo].env[name=LEVEL].value` */
export function pathText(steps: Step[]): string {
  let text = '';
  for (const step of steps) {
    if ('field' in step) text += /^[\w-]+$/.test(step.field) ? `${text === '' ? '' : '.'}${step.field}` : `[${step.field}]`;
    else if ('keys' in step)
      text += `[${Object.entries(step.keys)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(',')}]`;
    else if ('value' in step) text += `[${JSON.stringify(step.value)}]`;
    else text += `[${step.index}]`;
  }
  return text;
}

/** The step of a fieldsV1 key: `f:spec`, `k:{"name":"demo"}`, `v:"x"`, `i:0`; undefined for `.`. */
export function parseStep(key: string): Step | undefined {
  const rest = key.slice(2);
  switch (key.slice(0, 2)) {
    case 'f:':
      return { field: rest };
    case 'k:':
      return { keys: JSON.parse(rest) as Record<string, unknown> };
    case 'v:':
      return { value: JSON.parse(rest) };
    case 'i:':
      return { index: Number(rest) };
    default:
      return undefined;
  }
}

/** The value one step inside of `value`, and where it stands there; undefined when there is none. */
export function stepInto(value: unknown, step: Step): { at: string | number; value: unknown } | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if ('field' in step) {
    const object = value as Record<string, unknown>;
    return !Array.isArray(value) && Object.hasOwn(object, step.field) ? { at: step.field, value: object[step.field] } : undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const index = 'index' in step ? step.index : value.findIndex(item => fits(item, step));
  return index >= 0 && index < value.length ? { at: index, value: value[index] } : undefined;
}

function fits(item: unknown, step: { keys: Record<string, unknown> } | { value: unknown }): boolean {
  if ('value' in step) return JSON.stringify(item) === JSON.stringify(step.value);
  if (typeof item !== 'object' || item === null) return false;
  // Keys that have a default may be left out in Git: a port's protocol.
  return Object.entries(step.keys).every(([key, value]) => {
    const own = (item as Record<string, unknown>)[key];
    return own === value || (own === undefined && key === 'protocol' && value === 'TCP');
  });
}

/** The JSON pointer of a path in a given object; undefined when the path is not there. */
export function pointerTo(object: unknown, steps: Step[]): string | undefined {
  let value = object;
  let pointer = '';
  for (const step of steps) {
    const found = stepInto(value, step);
    if (!found) return undefined;
    pointer += `/${String(found.at).replaceAll('~', '~0').replaceAll('/', '~1')}`;
    value = found.value;
  }
  return pointer;
}
