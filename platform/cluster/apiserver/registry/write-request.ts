// The parameters of a write, read and validated from the query as kube-apiserver validates its options objects.
import type { FieldError } from '../../schema/index.ts';
import type { RequestContext } from '../request-context.ts';
import { invalidOptions } from '../status-error.ts';

export interface WriteOptions {
  dryRun: boolean;
  /** The field manager: the parameter, or the user agent up to its first slash. */
  fieldManager: string;
  /** Whether the client named the manager. */
  explicitManager: boolean;
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  force: boolean;
}

const MANAGER_LIMIT = 128;

function managerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > MANAGER_LIMIT)
    errors.push({
      type: 'Too long',
      field: 'fieldManager',
      badValue: manager,
      detail: `may not be more than ${MANAGER_LIMIT} bytes`,
    });
  let position = 0;
  for (const character of manager) {
    const code = character.codePointAt(0) as number;
    // Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
    if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)) {
      const shown = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
      errors.push({
        type: 'Invalid value',
        field: 'fieldManager',
        badValue: manager,
        detail: `invalid character ${shown} (at position ${position})`,
      });
    }
    position += Buffer.byteLength(character);
  }
  return errors;
}

export function dryRunErrors(values: readonly string[]): FieldError[] {
  if (values.length === 0 || values.every(value => value === 'All')) return [];
  return [{ type: 'Unsupported value', field: 'dryRun', badValue: values, detail: 'supported values: "All"' }];
}

/** The manager's name when the client gives none. */
export function managerFromUserAgent(userAgent: string): string {
  const printable = [...(userAgent.split('/')[0] ?? '')].filter(character => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character));
  let manager = '';
  for (const character of printable) {
    if (Buffer.byteLength(manager + character) > MANAGER_LIMIT) break;
    manager += character;
  }
  return manager === '' ? 'unknown' : manager;
}

/** @throws StatusError 422 that names the options kind. */
export function writeOptions(
  context: RequestContext,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  { apply = false } = {},
): WriteOptions {
  const { query } = context.info;
  const dryRun = query.getAll('dryRun').filter(value => value !== '');
  const manager = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') ?? '';
  const force = query.get('force');
  const errors: FieldError[] = [];
  if (kind === 'PatchOptions') {
    if (apply && manager === '')
      errors.push({ type: 'Required value', field: 'fieldManager', detail: 'is required for apply patch' });
    if (!apply && force !== null)
      errors.push({ type: 'Forbidden', field: 'force', detail: 'may not be specified for non-apply patch' });
  }
  errors.push(...managerErrors(manager), ...dryRunErrors(dryRun));
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    const detail = 'supported values: "", "Ignore", "Strict", "Warn"';
    errors.push({ type: 'Unsupported value', field: 'fieldValidation', badValue: validation, detail });
  }
  if (errors.length > 0) throw invalidOptions(kind, errors);
  context.audit.dryRun = dryRun.length > 0;
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager === '' ? managerFromUserAgent(context.userAgent) : manager,
    explicitManager: manager !== '',
    fieldValidation: validation === '' ? 'Warn' : (validation as WriteOptions['fieldValidation']),
    force: force !== null && force !== 'false' && force !== '0',
  };
}
