// Which pods a scoped ResourceQuota counts.
import type { KindObject } from '../../kinds/index.ts';

interface ScopeExpression {
  scopeName: string;
  operator: string;
  values?: string[];
}

export interface ScopeRules {
  scopes?: string[];
  scopeSelector?: { matchExpressions?: ScopeExpression[] };
}

function isBestEffort(spec: { containers?: { resources?: { requests?: object; limits?: object } }[] }): boolean {
  return (spec.containers ?? []).every(
    ({ resources }) => Object.keys(resources?.requests ?? {}).length === 0 && Object.keys(resources?.limits ?? {}).length === 0,
  );
}

function matches({ scopeName, operator, values = [] }: ScopeExpression, object: KindObject): boolean {
  const spec = object['spec'] as { activeDeadlineSeconds?: number; priorityClassName?: string };
  switch (scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(spec as Parameters<typeof isBestEffort>[0]);
    case 'NotBestEffort':
      return !isBestEffort(spec as Parameters<typeof isBestEffort>[0]);
    case 'PriorityClass': {
      const name = spec.priorityClassName ?? '';
      if (operator === 'Exists') return name !== '';
      if (operator === 'DoesNotExist') return name === '';
      return values.includes(name) === (operator === 'In');
    }
    default:
      return false;
  }
}

/** Quotas without scopes count everything; scoped ones count pods alone. */
export function inScope({ scopes = [], scopeSelector }: ScopeRules, collection: string, object: KindObject): boolean {
  const expressions = [
    ...scopes.map(scopeName => ({ scopeName, operator: 'Exists' })),
    ...(scopeSelector?.matchExpressions ?? []),
  ];
  if (expressions.length === 0) return true;
  return collection === '/pods' && expressions.every(expression => matches(expression, object));
}
