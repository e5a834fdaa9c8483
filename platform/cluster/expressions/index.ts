// Kubernetes' own expression language (CEL): rules of custom resource definitions and validating admission policies.
export type { AccessQuestion, Authorize } from './engine.ts';
export { Expressions } from './expressions.ts';
export type {
  CompiledPolicy,
  PolicyAnnotation,
  PolicyDecision,
  PolicyRequest,
  PolicyVerdict,
  SchemaRules,
  ServedKind,
} from './types.ts';
