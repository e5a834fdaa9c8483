// The part of JSONPath that custom resource definitions use: fields, indexes, wildcards and filters on equality.

type Step = { field: string } | { index: number } | { all: true } | { where: string[]; equals: string };

function parse(path: string): Step[] {
  const steps: Step[] = [];
  const text = path.trim().replace(/^\{|\}$/g, '');
  const pattern =
    /\.?\[\?\(\s*@\.([^=\s]+)\s*==\s*(?:"([^"]*)"|'([^']*)'|([^)\s]+))\s*\)\]|\[\s*(-?\d+)\s*\]|\[\*\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\.((?:[^.[\]\\]|\\.)+)/g;
  for (const match of text.matchAll(pattern)) {
    const [whole, where, quoted, single, bare, index, bracket, bracket2, field] = match;
    if (where !== undefined) steps.push({ where: where.split('.'), equals: quoted ?? single ?? bare ?? '' });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (whole === '[*]' || field === '*') steps.push({ all: true });
    else steps.push({ field: (bracket ?? bracket2 ?? field ?? '').replace(/\\(.)/g, '$1') });
  }
  return steps;
}

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

function advance(values: unknown[], step: Step): unknown[] {
  return values.flatMap(value => {
    if ('field' in step) {
      const found = member(value, step.field);
      return found === undefined ? [] : [found];
    }
    if ('index' in step) {
      const found: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
      return found === undefined ? [] : [found];
    }
    if ('all' in step)
      return Array.isArray(value)
        ? (value as unknown[])
        : typeof value === 'object' && value !== null
          ? Object.values(value)
          : [];
    if (!Array.isArray(value)) return [];
    return (value as unknown[]).filter(item => String(step.where.reduce(member, item)) === step.equals);
  });
}

/** Everything that the path finds in the object, in order. */
export function findByPath(object: unknown, path: string): unknown[] {
  return parse(path).reduce(advance, [object]);
}

/** Sets the value at a path of plain fields, making the objects on the way. */
export function setByPath(object: Record<string, unknown>, path: string, value: unknown): void {
  const fields = parse(path).flatMap(step => ('field' in step ? [step.field] : []));
  let target = object;
  for (const field of fields.slice(0, -1)) {
    if (typeof target[field] !== 'object' || target[field] === null) target[field] = {};
    target = target[field] as Record<string, unknown>;
  }
  const last = fields.at(-1);
  if (last !== undefined) target[last] = value;
}
