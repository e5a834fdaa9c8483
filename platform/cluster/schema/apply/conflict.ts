// The texts of apply conflicts.
import { ApplyConflict } from '../errors.ts';
import { goQuote } from '../go-format.ts';
import type { FieldSet } from './field-set.ts';
import type { Manager } from './managed-fields.ts';
import { pathText } from './path-element.ts';

export interface OwnedConflict {
  manager: Manager;
  fields: FieldSet;
}

/** The error of an apply that meets fields of these managers. */
export function applyConflict(conflicts: readonly OwnedConflict[]): ApplyConflict {
  const sorted = [...conflicts].sort((left, right) => (managerText(left.manager) < managerText(right.manager) ? -1 : 1));
  const causes = sorted.flatMap(({ manager, fields }) =>
    [...fields.paths()].map(path => ({
      manager: manager.name,
      field: pathText(path),
      message: `conflict with ${managerText(manager)}`,
    })),
  );
  const [first] = causes;
  if (causes.length === 1 && first)
    return new ApplyConflict(`Apply failed with 1 conflict: ${first.message}: ${first.field}`, causes);
  const lines = sorted.flatMap(({ manager, fields }) => [
    `conflicts with ${managerText(manager)}:`,
    ...[...fields.paths()].map(path => `- ${pathText(path)}`),
  ]);
  return new ApplyConflict(`Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`, causes);
}

function managerText({ name, subresource, operation, apiVersion, time }: Manager): string {
  const named = subresource === '' ? goQuote(name) : `${goQuote(name)} with subresource ${goQuote(subresource)}`;
  if (operation === 'Apply') return named;
  return time === undefined ? `${named} using ${apiVersion}` : `${named} using ${apiVersion} at ${time}`;
}
