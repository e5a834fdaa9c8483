export { evaluate, interpolate, isTruthy, type Scope } from './evaluate.ts';
export type { Job, Step, Workflow } from './model.ts';
export { parseWorkflow } from './parse.ts';
export { parseExpression, usesStatus } from './syntax.ts';
export { isTriggered } from './trigger.ts';
