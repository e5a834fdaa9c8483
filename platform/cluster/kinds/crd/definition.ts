// Custom resource definitions.
import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, IMMUTABLE, invalid, required, struct, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { dns1035Label, dnsSubdomain } from '../meta/names.ts';
import { ensure, type Fields, keepMetadata, setDefault, setDefaultIfZero } from '../objects.ts';
import { nameOf } from '../tables/cells.ts';
import { validateDefinitionSchema } from './schema-validation.ts';

interface Names {
  plural?: string;
  singular?: string;
  kind?: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

interface Version {
  name?: string;
  served?: boolean;
  storage?: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Fields };
  subresources?: { status?: object; scale?: { specReplicasPath?: string; statusReplicasPath?: string } };
  additionalPrinterColumns?: { name?: string; type?: string; jsonPath?: string }[];
  selectableFields?: { jsonPath?: string }[];
}

interface Definition {
  metadata?: { name?: string; annotations?: Record<string, string>; finalizers?: string[] };
  spec?: {
    group?: string;
    scope?: string;
    names?: Names;
    versions?: Version[];
    preserveUnknownFields?: boolean;
    conversion?: {
      strategy?: string;
      webhook?: { clientConfig?: { service?: { port?: number } }; conversionReviewVersions?: string[] };
    };
  };
  status?: { storedVersions?: string[] | null; acceptedNames?: Names; conditions?: unknown[] | null };
}

const APPROVED = 'api-approved.kubernetes.io';
const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];

function validateNames(names: Names | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const { plural = '', singular = '', kind = '', listKind = '', shortNames = [] } = names ?? {};
  for (const key of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!names?.[key]) errors.push(required(`spec.names.${key}`));
  if (plural) errors.push(...dns1035Label(plural).map(message => invalid('spec.names.plural', plural, message)));
  if (singular) errors.push(...dns1035Label(singular).map(message => invalid('spec.names.singular', singular, message)));
  if (kind)
    errors.push(
      ...dns1035Label(kind.toLowerCase()).map(message =>
        invalid('spec.names.kind', kind, `may have mixed case, but should otherwise match: ${message}`),
      ),
    );
  if (listKind) {
    errors.push(
      ...dns1035Label(listKind.toLowerCase()).map(message =>
        invalid('spec.names.listKind', listKind, `may have mixed case, but should otherwise match: ${message}`),
      ),
    );
  }
  for (const [index, name] of shortNames.entries())
    errors.push(...dns1035Label(name).map(message => invalid(`spec.names.shortNames[${index}]`, name, message)));
  if (kind && kind === listKind) errors.push(invalid('spec.names.listKind', listKind, 'kind and listKind may not be the same'));
  return errors;
}

/** A version as error messages show it; what all versions share has moved to the top of the internal form. */
const shownVersion = (version: Version): object => ({
  Name: version.name ?? '',
  Served: version.served ?? false,
  Storage: version.storage ?? false,
  Deprecated: version.deprecated ?? false,
  DeprecationWarning: version.deprecationWarning ?? null,
  Schema: null,
  Subresources: null,
  AdditionalPrinterColumns: null,
  SelectableFields: null,
});

function validateVersions(versions: Version[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, version] of versions.entries()) {
    const field = `spec.versions[${index}]`;
    const name = version.name ?? '';
    if (names.has(name))
      errors.push(invalid('spec.versions', struct(versions.map(shownVersion)), 'must contain unique version names'));
    names.add(name);
    errors.push(...dns1035Label(name).map(message => invalid(`${field}.name`, name, message)));
  }
  if (versions.length > 0 && versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(
      invalid('spec.versions', struct(versions.map(shownVersion)), 'must have exactly one version marked as storage version'),
    );
  }
  const first = versions[0]?.name;
  if (first !== undefined) errors.push(...dns1035Label(first).map(message => invalid('spec.version', first, message)));
  return errors;
}

/** Schemas that all versions share are validated once, at the top of the spec, as in the internal form. */
function validateSchemas(versions: Version[]): FieldError[] {
  const errors: FieldError[] = [];
  const missing = versions.flatMap((version, index) =>
    version.schema?.openAPIV3Schema ? [] : [required(`spec.versions[${index}].schema.openAPIV3Schema`)],
  );
  if (missing.length > 0) return missing;
  const [first, ...others] = versions;
  if (first?.schema?.openAPIV3Schema && others.every(({ schema }) => isDeepStrictEqual(schema, first.schema))) {
    return validateDefinitionSchema(first.schema.openAPIV3Schema, 'spec.validation.openAPIV3Schema');
  }
  for (const [index, { schema }] of versions.entries()) {
    if (schema?.openAPIV3Schema)
      errors.push(...validateDefinitionSchema(schema.openAPIV3Schema, `spec.versions[${index}].schema.openAPIV3Schema`));
  }
  return errors;
}

function validateColumns(versions: Version[]): FieldError[] {
  const shared = versions.every(version =>
    isDeepStrictEqual(version.additionalPrinterColumns, versions[0]?.additionalPrinterColumns),
  );
  const groups = shared ? [{ field: 'spec.additionalPrinterColumns', columns: versions[0]?.additionalPrinterColumns }] : [];
  if (!shared)
    for (const [index, version] of versions.entries())
      groups.push({ field: `spec.versions[${index}].additionalPrinterColumns`, columns: version.additionalPrinterColumns });
  const errors: FieldError[] = [];
  for (const { field, columns } of groups) {
    for (const [index, { name, type = '', jsonPath }] of (columns ?? []).entries()) {
      const at = `${field}[${index}]`;
      if (!name) errors.push(required(`${at}.name`));
      if (!type) errors.push(required(`${at}.type`, `must be one of ${COLUMN_TYPES.join(',')}`));
      else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(`${at}.type`, type, `must be one of ${COLUMN_TYPES.join(',')}`));
      if (!jsonPath) errors.push(required(`${at}.JSONPath`));
    }
  }
  return errors;
}

function validateStored(definition: Definition): FieldError[] {
  const stored = definition.status?.storedVersions ?? [];
  const versions = definition.spec?.versions ?? [];
  const storage = versions.findLast(version => version.storage)?.name;
  if (stored.length === 0)
    return [invalid('status.storedVersions', definition.status?.storedVersions ?? null, 'must have at least one stored version')];
  const errors: FieldError[] = [];
  for (const [index, name] of stored.entries()) {
    if (!versions.some(version => version.name === name))
      errors.push(invalid(`status.storedVersions[${index}]`, name, 'must appear in spec.versions'));
  }
  if (storage !== undefined && !stored.includes(storage))
    errors.push(invalid('status.storedVersions', stored, `must have the storage version ${storage}`));
  return errors;
}

function validateDefinition(definition: Definition): FieldError[] {
  const spec = definition.spec ?? {};
  const { group = '', scope = '', names, versions = [] } = spec;
  const errors: FieldError[] = [];
  const name = nameOf(definition);
  if (name !== `${names?.plural ?? ''}.${group}`)
    errors.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  if (!group) errors.push(required('spec.group'));
  else {
    const complaints = dnsSubdomain(group);
    errors.push(...complaints.map(message => invalid('spec.group', group, message)));
    if (complaints.length === 0 && group.split('.').length < 2)
      errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
  }
  if (!scope) errors.push(required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced')
    errors.push(unsupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  if (spec.preserveUnknownFields) {
    errors.push(
      invalid(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    );
  }
  if (versions.length === 0) errors.push(invalid('spec.versions', [], 'must have exactly one version marked as storage version'));
  errors.push(...validateVersions(versions));
  errors.push(...validateNames(names));
  errors.push(...validateSchemas(versions));
  errors.push(...validateColumns(versions));
  const strategy = spec.conversion?.strategy ?? '';
  if (strategy !== 'None' && strategy !== 'Webhook')
    errors.push(unsupported('spec.conversion.strategy', strategy, ['None', 'Webhook']));
  if (strategy === 'Webhook' && !spec.conversion?.webhook?.clientConfig) {
    errors.push(required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'));
  }
  if (strategy === 'None' && spec.conversion?.webhook) {
    errors.push(forbidden('spec.conversion.webhookClientConfig', 'should not be set when strategy is not set to Webhook'));
  }
  errors.push(...validateStored(definition));
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(group);
  const approval = definition.metadata?.annotations?.[APPROVED];
  if (isProtected && !approval) {
    const detail = `protected groups must have approval annotation "${APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111`;
    errors.push(required(`metadata.annotations[${APPROVED}]`, detail));
  }
  return errors;
}

const FIXED_NAMES = ['plural', 'kind'] as const;

export const definitionRules: KindRules = rulesFor<Definition>({
  defaults(definition) {
    const spec = ensure(definition, 'spec');
    const names = ensure(spec, 'names');
    setDefaultIfZero(names, 'singular', (names.kind ?? '').toLowerCase());
    if (names.kind) setDefaultIfZero(names, 'listKind', `${names.kind}List`);
    setDefaultIfZero(ensure(spec, 'conversion'), 'strategy', 'None');
    const service = spec.conversion?.webhook?.clientConfig?.service;
    if (service) setDefault(service, 'port', 443);
  },
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  initialStatus: () => ({ acceptedNames: { kind: '', plural: '' }, conditions: null, storedVersions: null }),
  prepareStatusUpdate: (next, previous) => keepMetadata(next, previous),
  statusResets: [['metadata']],
  prepareCreate(definition) {
    const storage = (definition.spec?.versions ?? []).find(version => version.storage)?.name;
    if (definition.status && storage) definition.status.storedVersions = [storage];
  },
  prepareUpdate(next) {
    for (const version of next.spec?.versions ?? []) {
      if (!version.storage || !version.name || !next.status || next.status.storedVersions?.includes(version.name)) continue;
      next.status.storedVersions = [...(next.status.storedVersions ?? []), version.name];
    }
  },
  validate: validateDefinition,
  validateChange(next, previous) {
    const errors: FieldError[] = [];
    const established = ((previous.status?.conditions ?? []) as { type?: string; status?: string }[]).some(
      ({ type, status }) => type === 'Established' && status === 'True',
    );
    if (!established) return errors;
    for (const key of ['scope', 'group'] as const) {
      if (next.spec?.[key] !== previous.spec?.[key]) errors.push(invalid(`spec.${key}`, next.spec?.[key] ?? '', IMMUTABLE));
    }
    for (const key of FIXED_NAMES) {
      if (next.spec?.names?.[key] !== previous.spec?.names?.[key])
        errors.push(invalid(`spec.names.${key}`, next.spec?.names?.[key] ?? '', IMMUTABLE));
    }
    return errors;
  },
  deletion: { returnsObject: true },
});
