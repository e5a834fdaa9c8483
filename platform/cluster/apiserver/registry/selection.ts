// Which objects a request means: label and field selectors over one kind.
import type { KindObject } from '../../kinds/index.ts';
import {
  type FieldRequirement,
  type LabelSelector,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../schema/index.ts';
import { badRequest } from '../status-error.ts';
import type { ServedResource } from './served-resource.ts';

export interface Selection {
  /** True when nothing is filtered. */
  readonly all: boolean;
  /** The single name that a field selector asks for. */
  readonly name?: string;
  matches(object: KindObject): boolean;
}

const EVERYTHING: Selection = { all: true, matches: () => true };

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function checkFields({ strategy }: ServedResource, requirements: readonly FieldRequirement[]): void {
  if (requirements.length === 0) return;
  const known = strategy.selectableFields({ apiVersion: strategy.apiVersion, kind: strategy.kind, metadata: {} });
  for (const { field } of requirements) {
    if (!(field in known)) throw badRequest(strategy.unknownFieldLabel(field));
  }
}

function matchesFields({ strategy }: ServedResource, requirements: readonly FieldRequirement[], object: KindObject): boolean {
  const fields = strategy.selectableFields(object);
  return requirements.every(({ field, operator, value }) => ((fields[field] ?? '') === value) === (operator === '='));
}

/** The selection of a query; `name` adds the name of a single-object watch. @throws StatusError 400 */
export function selectionOf(resource: ServedResource, query: URLSearchParams, name = ''): Selection {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  if (labelText === '' && fieldText === '' && name === '') return EVERYTHING;
  const labels: LabelSelector | undefined = labelText === '' ? undefined : parsed(() => parseLabelSelector(labelText));
  const fields: FieldRequirement[] = fieldText === '' ? [] : parsed(() => parseFieldSelector(fieldText));
  checkFields(resource, fields);
  if (name !== '') fields.push({ field: 'metadata.name', operator: '=', value: name });
  const named = fields.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
  const others = fields.filter(field => field !== named);
  return {
    all: labels === undefined && fields.length === 0,
    ...(named ? { name: named.value } : {}),
    matches: object =>
      (!named || object.metadata['name'] === named.value) &&
      (!labels || matchesLabels(labels, object.metadata['labels'] as Record<string, string> | undefined)) &&
      (others.length === 0 || matchesFields(resource, others, object)),
  };
}
