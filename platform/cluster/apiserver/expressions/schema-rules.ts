// The x-kubernetes-validations of a custom resource, run after everything else about an object has been validated.
import type { SchemaRules } from '../../expressions/index.ts';
import type { KindObject, KindStrategy } from '../../kinds/index.ts';
import type { FieldError } from '../../schema/index.ts';

/** Whether a schema, at any depth, has rules. */
export function hasRules(schema: unknown): boolean {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  return text?.includes('x-kubernetes-validations') ?? false;
}

// Errors after which the rules can't be trusted to make sense of the object (apiextensions-apiserver's hasBlockingErr).
const BLOCKING = new Set<FieldError['type']>(['Required value', 'Too long', 'Too many', 'Type']);
const NOT_CHECKED: FieldError = {
  type: 'Invalid value',
  field: '<nil>',
  badValue: null,
  detail:
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** The strategy with the rules of its schema added to each validation. */
export function withRules(strategy: KindStrategy, rules: SchemaRules): KindStrategy {
  // What validating an object had to warn of, until its warnings are asked for.
  const warned = new WeakMap<KindObject, string[]>();
  const checked = (errors: FieldError[], next: KindObject, previous?: KindObject): FieldError[] => {
    if (errors.some(({ type }) => BLOCKING.has(type))) return [...errors, NOT_CHECKED];
    const found = rules.validate(next, previous);
    warned.set(next, found.warnings);
    return [...errors, ...found.errors];
  };
  return {
    ...strategy,
    validateCreate: obj => checked(strategy.validateCreate(obj), obj),
    validateUpdate: (next, previous) => checked(strategy.validateUpdate(next, previous), next, previous),
    validateStatusUpdate: (next, previous) => checked(strategy.validateStatusUpdate(next, previous), next, previous),
    warnings: (obj, previous) => [...(warned.get(obj) ?? []), ...strategy.warnings(obj, previous)],
  };
}
