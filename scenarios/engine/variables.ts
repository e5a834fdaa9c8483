// Puts remembered values into the parameters of checks and actions: `${name}` in any text of them; `$${name}` stays `${name}`.
import { DarumaError } from '../../platform/core/index.ts';
import type { ScenarioContext } from './context.ts';

/** A deep copy. @throws INVALID_INPUT for a name that nothing has remembered. */
export function withVariables<T>(value: T, variables: ScenarioContext['variables']): T {
  if (typeof value === 'string') {
    return value.replace(/(\$?)\$\{([\w-]+)\}/g, (whole, escaped: string, name: string) => {
      if (escaped) return whole.slice(1);
      const found = variables.get(name);
      if (found === undefined) {
        const known = [...variables.keys()].join(', ') || 'none';
        throw new DarumaError('INVALID_INPUT', `nothing has remembered \${${name}}`, { hint: `known names: ${known}` });
      }
      return found;
    }) as T;
  }
  if (Array.isArray(value)) return value.map(item => withVariables(item, variables) as unknown) as T;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withVariables(item, variables)])) as T;
  }
  return value;
}
