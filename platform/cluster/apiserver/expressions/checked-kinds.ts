// The built-in kinds that hold expressions: definitions with rules and admission policies, checked by Kubernetes' own CEL.
import type { Expressions } from '../../expressions/index.ts';
import { type KindObject, type KindStrategy, struct } from '../../kinds/index.ts';
import type { FieldError } from '../../schema/index.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import { hasRules } from './schema-rules.ts';

const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';
const POLICIES = 'admissionregistration.k8s.io/validatingadmissionpolicies';

const collectionOf = ({ storage }: KindStrategy): string => `${storage.group}/${storage.resource}`;

/** Loads the engine when an object that is about to be written needs it, so that the write itself does not wait. */
export async function prepareExpressions(expressions: Expressions, resource: ServedResource, body: unknown): Promise<void> {
  const { collection } = resource;
  if (collection === POLICIES || (collection === DEFINITIONS && hasRules(body))) await expressions.warm();
}

/** Values that are objects come in the order of their Go structs, and messages show them so. */
const shownAsGo = (error: FieldError): FieldError =>
  typeof error.badValue === 'object' && error.badValue !== null ? { ...error, badValue: struct(error.badValue) } : error;

/** A definition with rules is validated by apiextensions-apiserver's own code; its metadata stays ours. */
function checkedDefinitions(strategy: KindStrategy, expressions: Expressions): KindStrategy {
  const merged = (ours: FieldError[], theirs: () => FieldError[]): FieldError[] => [
    ...ours.filter(({ field }) => field.startsWith('metadata')),
    ...theirs()
      .filter(({ field }) => !field.startsWith('metadata'))
      .map(shownAsGo),
  ];
  return {
    ...strategy,
    validateCreate(obj) {
      const errors = strategy.validateCreate(obj);
      return hasRules(obj['spec']) ? merged(errors, () => expressions.validateDefinition(obj)) : errors;
    },
    validateUpdate(next, previous) {
      const errors = strategy.validateUpdate(next, previous);
      return hasRules(next['spec']) ? merged(errors, () => expressions.validateDefinition(next, previous)) : errors;
    },
  };
}

// The order in which a policy's fields are validated; within an item expressions come first, but after an annotation's key.
const LISTS = ['matchConditions', 'variables', 'validations', 'auditAnnotations'];
const FIELDS = ['key', 'valueExpression', 'name', 'expression', 'messageExpression', 'message', 'reason'];

function rankOf({ field }: FieldError): [number, number, number] {
  const [, list = '', index = '-1', name = ''] = /^spec\.(\w+)(?:\[(\d+)\]\.(\w+))?/.exec(field) ?? [];
  // A condition's expression comes before its name, a variable's after.
  const place = list === 'matchConditions' && name === 'name' ? FIELDS.length : FIELDS.indexOf(name);
  return [LISTS.indexOf(list), Number(index), place];
}

function inFieldOrder(errors: FieldError[]): FieldError[] {
  return errors
    .map(error => ({ error, rank: rankOf(error) }))
    .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2])
    .map(({ error }) => error);
}

function checkedPolicies(strategy: KindStrategy, expressions: Expressions): KindStrategy {
  const compiled = (obj: KindObject, errors: FieldError[]): FieldError[] =>
    inFieldOrder([...errors, ...expressions.checkPolicy(obj)]);
  return {
    ...strategy,
    validateCreate: obj => compiled(obj, strategy.validateCreate(obj)),
    validateUpdate(next, previous) {
      const errors = strategy.validateUpdate(next, previous);
      // What was stored before stays valid, as the real server has it.
      return JSON.stringify(next['spec']) === JSON.stringify(previous['spec']) ? errors : compiled(next, errors);
    },
  };
}

/** The strategy with its expressions checked, or as it is. */
export function withExpressions(strategy: KindStrategy, expressions: Expressions): KindStrategy {
  const collection = collectionOf(strategy);
  if (collection === DEFINITIONS) return checkedDefinitions(strategy, expressions);
  return collection === POLICIES ? checkedPolicies(strategy, expressions) : strategy;
}
