// What server-side apply asks of a value with a schema: which kind of node it is, whether it fits, and which fields it sets.
import { goSyntax, goTypeName, goValue } from '../go-format.ts';
import { isObject } from '../json-values.ts';
import type { TypeSchema } from '../type-schema.ts';
import { FieldSet, leaf } from './field-set.ts';
import { elementText, fieldElement, fieldOf, isAssociative, itemElement } from './path-element.ts';

export type NodeForm = 'scalar' | 'list' | 'map';

/** The form of a value under a schema; where the schema takes any, the value decides. */
export function formOf(schema: TypeSchema, value: unknown): NodeForm {
  switch (schema.type) {
    case 'object':
      return 'map';
    case 'array':
      return 'list';
    case 'any':
      if (Array.isArray(value)) return 'list';
      return value === null || value === undefined || isObject(value) ? 'map' : 'scalar';
    default:
      return 'scalar';
  }
}

/** Every way in which a value does not fit its schema, as structured-merge-diff words them; one problem reads as itself. */
export function typedProblems(schema: TypeSchema, value: unknown): string | undefined {
  const problems: string[] = [];
  check(schema, value, '', problems);
  return problems.length < 2 ? problems[0] : ['errors:', ...problems.map(problem => `  ${problem}`)].join('\n');
}

function check(schema: TypeSchema, value: unknown, path: string, problems: string[]): void {
  const report = (text: string) => problems.push(path === '' ? text : `${path}: ${text}`);
  if (value === null || value === undefined) return;
  switch (formOf(schema, value)) {
    case 'scalar': {
      const problem = scalarProblem(schema, value);
      if (problem) report(problem);
      return;
    }
    case 'list':
      if (Array.isArray(value)) checkItems(schema, value, path, problems);
      else report(`expected list, got ${pointerText(value)}`);
      return;
    case 'map':
      if (!isObject(value)) {
        report(`expected map, got ${pointerText(value)}`);
        return;
      }
      for (const key of Object.keys(value)) {
        const child = fieldOf(schema, key);
        if (!child) {
          problems.push(`${path}.${key}: field not declared in schema`);
          return;
        }
        check(child, value[key], `${path}.${key}`, problems);
      }
  }
}

function checkItems(schema: TypeSchema, list: unknown[], path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    let element = `i:${index}`;
    if (isAssociative(schema)) {
      const found = itemElement(schema, item);
      if ('problem' in found) {
        problems.push(`${path === '' ? '' : `${path}: `}element ${index}: ${found.problem}`);
        return;
      }
      element = found.element;
      if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${elementText(element)}`);
      seen.add(element);
    }
    if (schema.items) check(schema.items, item, `${path}${elementText(element)}`, problems);
  }
}

function scalarProblem({ type, format }: TypeSchema, value: unknown): string | undefined {
  if (type === 'int-or-string' || format === 'quantity') return undefined;
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goTypeName(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${pointerText(value)}`;
    case 'string':
      return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    default:
      return undefined;
  }
}

function pointerText(value: unknown): string {
  return `&{${goValue(value)}}`;
}

/** The fields that a value sets. */
export function fieldSetOf(schema: TypeSchema, value: unknown): FieldSet {
  const form = formOf(schema, value);
  if (form === 'scalar') return leaf;
  if (form === 'list') {
    if (!isAssociative(schema)) return leaf;
    return Array.isArray(value) ? itemSet(schema, value) : nothing;
  }
  if (schema.atomicMap) return leaf;
  if (!isObject(value)) return nothing;
  const children = new Map<string, FieldSet>();
  for (const key of Object.keys(value)) {
    const child = fieldOf(schema, key);
    if (!child) continue;
    const field = value[key];
    const set = fieldSetOf(child, field);
    const own = field === null || !schema.properties.has(key) || (isObject(field) && Object.keys(field).length === 0);
    const whole = own && !set.member ? new FieldSet(true, set.children) : set;
    if (!whole.isEmpty) children.set(fieldElement(key), whole);
  }
  return new FieldSet(false, children);
}

const nothing = new FieldSet(false);

function itemSet(schema: TypeSchema, list: unknown[]): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const item of list) {
    const found = itemElement(schema, item);
    if ('problem' in found) continue;
    // Duplicates are owned as one, whatever they hold.
    if (children.has(found.element) || !schema.items) children.set(found.element, leaf);
    else children.set(found.element, new FieldSet(true, fieldSetOf(schema.items, item).children));
  }
  return new FieldSet(false, children);
}
