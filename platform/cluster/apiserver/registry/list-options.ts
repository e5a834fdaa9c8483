// The options of lists and watches, validated as apimachinery validates ListOptions.
import type { FieldError } from '../../schema/index.ts';
import { isTrue } from '../request-info.ts';
import { badRequest, internal, invalidOptions, tooLargeResourceVersion } from '../status-error.ts';

export interface ListOptions {
  resourceVersion: string;
  resourceVersionMatch: string;
  limit: number;
  continueToken: string;
  timeoutSeconds?: number;
  allowWatchBookmarks: boolean;
  sendInitialEvents?: boolean;
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

const MATCH = 'resourceVersionMatch';

function watchErrors({ resourceVersionMatch: match, sendInitialEvents: initial }: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (initial !== undefined && match !== 'NotOlderThan') {
    const detail = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    errors.push({ type: 'Forbidden', field: MATCH, detail });
  }
  if (match !== '') {
    if (initial === undefined) {
      const detail = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
      errors.push({ type: 'Forbidden', field: MATCH, detail });
    }
    if (match !== 'NotOlderThan')
      errors.push({ type: 'Unsupported value', field: MATCH, badValue: match, detail: 'supported values: "NotOlderThan"' });
  }
  return errors;
}

function listErrors(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match, resourceVersion } = options;
  const errors: FieldError[] = [];
  if (options.sendInitialEvents !== undefined)
    errors.push({ type: 'Forbidden', field: 'sendInitialEvents', detail: 'sendInitialEvents is forbidden for list' });
  if (match === '') return errors;
  if (options.continueToken !== '') {
    const detail = 'resourceVersionMatch is forbidden when continue is provided';
    errors.push({ type: 'Forbidden', field: MATCH, detail });
  }
  if (resourceVersion === '') {
    const detail = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
    errors.push({ type: 'Forbidden', field: MATCH, detail });
  } else if (match === 'Exact' && resourceVersion === '0') {
    const detail = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
    errors.push({ type: 'Forbidden', field: MATCH, detail });
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    const detail = 'supported values: "Exact", "NotOlderThan", ""';
    errors.push({ type: 'Unsupported value', field: MATCH, badValue: match, detail });
  }
  return errors;
}

/** @throws StatusError 400 for numbers that are none, 422 for combinations that are not allowed */
export function listOptions(query: URLSearchParams, { watch }: { watch: boolean }): ListOptions {
  const timeoutSeconds = integer(query, 'timeoutSeconds');
  const options: ListOptions = {
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get(MATCH) ?? '',
    limit: integer(query, 'limit') ?? 0,
    continueToken: query.get('continue') ?? '',
    allowWatchBookmarks: query.has('allowWatchBookmarks') && isTrue(query.get('allowWatchBookmarks')),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(query.has('sendInitialEvents') ? { sendInitialEvents: isTrue(query.get('sendInitialEvents')) } : {}),
  };
  const errors = watch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  return options;
}

/** A revision from its text; undefined for none. @throws StatusError 500, or 400 with `forList`, when it is no number */
export function revisionOf(text: string, { forList = false } = {}): number | undefined {
  if (text === '') return undefined;
  if (!/^\d{1,19}$/.test(text)) {
    const message = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw forList ? badRequest(`invalid resource version: ${message}`) : internal(message);
  }
  return Number(text);
}

/** @throws StatusError 504 when the store has not come that far */
export function checkReached(revision: number | undefined, current: number): void {
  if (revision !== undefined && revision > current) throw tooLargeResourceVersion(String(revision), current);
}
