// The strategy of a custom resource, made from its definition and one of its versions.
import { isDeepStrictEqual } from 'node:util';
import { compileStructuralSchema, type FieldError, validateSchema } from '../../schema/index.ts';
import { invalid } from '../field-errors.ts';
import { validateChangedMeta } from '../kind-rules.ts';
import { validateObjectMeta } from '../meta/validate.ts';
import { clone, metaOf, restore } from '../objects.ts';
import type { KindObject, KindStrategy, ScaleRules, SubresourceInfo, TableColumn } from '../strategy.ts';
import { age, since } from '../tables/cells.ts';
import { findByPath, setByPath } from './json-path.ts';

interface PrinterColumn {
  name: string;
  type: string;
  format?: string;
  priority?: number;
  jsonPath: string;
}

interface DefinitionVersion {
  name: string;
  served?: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Record<string, unknown> };
  subresources?: {
    status?: object;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: PrinterColumn[];
  selectableFields?: { jsonPath: string }[];
}

interface Definition {
  spec: {
    group: string;
    scope: string;
    names: { plural: string; singular?: string; kind: string; listKind?: string; shortNames?: string[]; categories?: string[] };
    versions: DefinitionVersion[];
  };
}

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const SUB_VERBS = ['get', 'patch', 'update'];
const DEFAULT_COLUMNS: PrinterColumn[] = [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }];

/** A cell as the column's type has it; null when the value is missing or of another type. */
function cell(column: PrinterColumn, obj: KindObject, now: Date): unknown {
  if (column.jsonPath === '.metadata.creationTimestamp') return age(obj, now);
  const found = findByPath(obj, column.jsonPath);
  const value = found[0];
  if (value === undefined || value === null) return null;
  switch (column.type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? (Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, now)) : null;
    default:
      return found.map(one => (typeof one === 'string' ? one : JSON.stringify(one))).join(' ');
  }
}

/** The warning of a deprecated version without a text of its own: it names a newer served version when there is one. */
function defaultDeprecation({ group, names, versions }: Definition['spec'], apiVersion: string): string {
  const newer = versions.find(({ deprecated, served }) => served && !deprecated);
  const advice = newer ? `; use ${group}/${newer.name} ${names.kind}` : '';
  return `${apiVersion} ${names.kind} is deprecated${advice}`;
}

function scaleRules(paths: NonNullable<NonNullable<DefinitionVersion['subresources']>['scale']>): ScaleRules {
  const number = (obj: KindObject, path: string): number => Number(findByPath(obj, path)[0] ?? 0);
  return {
    get(obj) {
      const selector = paths.labelSelectorPath ? findByPath(obj, paths.labelSelectorPath)[0] : undefined;
      return {
        specReplicas: number(obj, paths.specReplicasPath),
        statusReplicas: number(obj, paths.statusReplicasPath),
        ...(typeof selector === 'string' ? { selector } : {}),
      };
    },
    set: (obj, replicas) => setByPath(obj, paths.specReplicasPath, replicas),
  };
}

/** The strategy of one version of a custom resource. Validates against the version's schema; pruning and defaulting are the caller's. @throws when the definition has no such version. */
export function crdStrategy(crd: KindObject, version: string): KindStrategy {
  const { spec } = crd as unknown as Definition;
  const found = spec.versions.find(({ name }) => name === version);
  if (!found) throw new Error(`${metaOf(crd).name} has no version ${version}`);
  const { names, group } = spec;
  const apiVersion = `${group}/${version}`;
  const namespaced = spec.scope === 'Namespaced';
  const hasStatus = found.subresources?.status !== undefined;
  const scale = found.subresources?.scale;
  const printed = found.additionalPrinterColumns?.length ? found.additionalPrinterColumns : DEFAULT_COLUMNS;
  const columns: TableColumn[] = [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    ...printed.map(({ name, type, format = '', priority = 0 }) => ({ name, type, format, priority })),
  ];
  const subresources: SubresourceInfo[] = [];
  if (hasStatus) subresources.push({ name: 'status', group, version, kind: names.kind, verbs: SUB_VERBS });
  if (scale) subresources.push({ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUB_VERBS });
  const schema = found.schema?.openAPIV3Schema ? compileStructuralSchema(found.schema.openAPIV3Schema) : undefined;

  const validateType = (obj: KindObject): FieldError[] => [
    ...(obj.kind === names.kind ? [] : [invalid('kind', obj.kind, `must be ${names.kind}`)]),
    ...(obj.apiVersion === apiVersion ? [] : [invalid('apiVersion', obj.apiVersion, `must be ${apiVersion}`)]),
  ];
  const validateBody = (obj: KindObject, previous?: KindObject): FieldError[] =>
    schema ? validateSchema(schema, obj, previous) : [];
  const content = (obj: KindObject): unknown => ({ ...obj, metadata: undefined, ...(hasStatus ? { status: undefined } : {}) });

  return {
    group,
    version,
    apiVersion,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    resource: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced,
    verbs: VERBS,
    subresources,
    columns,
    storage: { group, version, resource: names.plural },
    hasStatusSubresource: hasStatus,
    toStorage: obj => obj,
    fromStorage: obj => (obj.apiVersion === apiVersion ? obj : { ...obj, apiVersion }),
    applyDefaults() {},
    prepareForCreate(obj) {
      const meta = metaOf(obj);
      delete meta.deletionTimestamp;
      delete meta.deletionGracePeriodSeconds;
      if (hasStatus) delete obj['status'];
      meta.generation = 1;
    },
    prepareForUpdate(next, previous) {
      const meta = metaOf(next);
      const before = metaOf(previous);
      if (hasStatus) restore(next, previous, 'status');
      if (!meta.uid && before.uid) meta.uid = before.uid;
      if (before.creationTimestamp) meta.creationTimestamp = before.creationTimestamp;
      if (before.deletionTimestamp) {
        meta.deletionTimestamp = before.deletionTimestamp;
        if (before.deletionGracePeriodSeconds !== undefined)
          meta.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
      }
      const generation = before.generation ?? 1;
      meta.generation = isDeepStrictEqual(content(next), content(previous)) ? generation : generation + 1;
    },
    prepareForStatusUpdate(next, previous) {
      const { managedFields, resourceVersion } = metaOf(next);
      const kept = Object.keys({ ...next, ...previous }).filter(
        key => !['apiVersion', 'kind', 'metadata', 'status'].includes(key),
      );
      restore(next, previous, ...kept);
      next.metadata = { ...clone(metaOf(previous)) };
      if (managedFields) next.metadata.managedFields = managedFields;
      if (resourceVersion !== undefined) next.metadata.resourceVersion = resourceVersion;
    },
    validateCreate: obj => [...validateType(obj), ...validateObjectMeta(metaOf(obj), { namespaced }), ...validateBody(obj)],
    validateUpdate: (next, previous) => [
      ...validateType(next),
      ...validateChangedMeta(next, previous),
      ...validateBody(next, previous),
    ],
    validateStatusUpdate: (next, previous) => [...validateChangedMeta(next, previous), ...validateBody(next, previous)],
    updates: {},
    ...(found.deprecated ? { deprecation: found.deprecationWarning ?? defaultDeprecation(spec, apiVersion) } : {}),
    resetFields: { update: hasStatus ? [['status']] : [], status: [['spec'], ['metadata']] },
    warnings: () => [],
    cells: (obj, now) => [metaOf(obj).name ?? '', ...printed.map(column => cell(column, obj, now))],
    selectableFields(obj) {
      const fields: Record<string, string> = { 'metadata.name': metaOf(obj).name ?? '' };
      if (namespaced) fields['metadata.namespace'] = metaOf(obj).namespace ?? '';
      for (const { jsonPath } of found.selectableFields ?? []) {
        const value = findByPath(obj, jsonPath)[0];
        fields[jsonPath.replace(/^\./, '')] =
          value === undefined || value === null ? '' : String(value as string | number | boolean);
      }
      return fields;
    },
    unknownFieldLabel: label => `field label not supported: ${label}`,
    ...(scale ? { scale: scaleRules(scale) } : {}),
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: false,
    deletion: { defaultPropagation: 'Background', returnsObject: false },
  };
}
