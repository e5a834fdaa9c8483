// The resources that a definition serves: one for each served version, with its compiled schema.
import type { Expressions } from '../../expressions/index.ts';
import { crdStrategy, type KindObject } from '../../kinds/index.ts';
import { compileStructuralSchema } from '../../schema/index.ts';
import { hasRules, withRules } from '../expressions/schema-rules.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import type { Definition } from './definition-names.ts';

/** Compiles the schemas; call it when the definition changed, not per request. What it returns holds rules, to be released. */
export function servedVersions(definition: Definition, expressions: Expressions, { terminating = false } = {}): ServedResource[] {
  const { group, versions } = definition.spec;
  const plural = definition.status?.acceptedNames?.plural || definition.spec.names.plural;
  return versions
    .filter(version => version.served)
    .map(version => {
      const openApi = version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
      const strategy = crdStrategy(definition as unknown as KindObject, version.name);
      const rules = hasRules(openApi) ? expressions.rulesOf(openApi) : undefined;
      return {
        strategy: rules ? withRules(strategy, rules) : strategy,
        schema: compileStructuralSchema(openApi),
        collection: `${group}/${plural}`,
        name: { group, resource: plural },
        custom: { definition: definition.metadata.name, prunes: true, openApi, terminating, ...(rules ? { rules } : {}) },
      };
    });
}
