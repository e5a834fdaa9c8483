export { crdStrategy } from './custom/strategy.ts';
export { struct } from './field-errors.ts';
export { allStrategies, strategyFor, strategyForKind } from './registry.ts';
export type {
  DeletionRules,
  KindObject,
  KindStrategy,
  PropagationPolicy,
  ScaleRules,
  ScaleValues,
  SubresourceInfo,
  SubresourceUpdate,
  TableColumn,
  WriteContext,
} from './strategy.ts';
