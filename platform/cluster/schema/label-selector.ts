// Label selectors, parsed and matched as k8s.io/apimachinery/pkg/labels does, its error texts included.
import { DecodeError } from './errors.ts';
import { goQuote } from './go-format.ts';
import { isObject, type JsonObject } from './json-values.ts';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | '!' | '=' | '==' | '!=' | 'gt' | 'lt';
  readonly values: readonly string[];
}

export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  /** Matches no object at all (an absent metav1.LabelSelector). */
  readonly nothing?: boolean;
}

const everything: LabelSelector = { requirements: [] };
const binaryOperators = 'in, notin, =, ==, !=, gt, lt';
const specialSymbols = '=!(),<>';
const symbolTokens = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);

interface Token {
  kind: 'identifier' | 'in' | 'notin' | 'end' | 'error' | ')' | ',' | '!' | '==' | '=' | '>' | '<' | '!=' | '(';
  text: string;
}

/** Parses the `labelSelector` of a query. @throws DecodeError 400 with the real server's text */
export function parseLabelSelector(text: string): LabelSelector {
  return text === '' ? everything : { requirements: new Parser(scan(text)).parse() };
}

/** A metav1.LabelSelector as a selector: absent matches nothing, empty everything. @throws DecodeError 400 */
export function labelSelectorFrom(selector: JsonObject | undefined | null): LabelSelector {
  if (!selector) return { requirements: [], nothing: true };
  const requirements: LabelRequirement[] = [];
  if (isObject(selector.matchLabels)) {
    for (const [key, value] of Object.entries(selector.matchLabels)) requirements.push(requirement(key, '=', [String(value)]));
  }
  const expressions = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : [];
  for (const { key, operator, values } of expressions as { key?: string; operator?: string; values?: string[] }[]) {
    const known = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;
    const named = operator !== undefined && Object.hasOwn(known, operator) ? known[operator as keyof typeof known] : undefined;
    if (!named) throw new DecodeError(`${goQuote(operator ?? '')} is not a valid label selector operator`);
    requirements.push(requirement(key ?? '', named, values ?? []));
  }
  return { requirements };
}

export function matchesLabels(selector: LabelSelector, labels: Record<string, string> | undefined | null): boolean {
  if (selector.nothing) return false;
  return selector.requirements.every(each => matches(each, labels ?? {}));
}

function matches({ key, operator, values }: LabelRequirement, labels: Record<string, string>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      if (value === undefined || !isInteger(value)) return false;
      const [left, right] = [BigInt(value), BigInt(values[0] ?? '0')];
      return operator === 'gt' ? left > right : left < right;
    }
  }
}

const isInteger = (text: string) => /^[+-]?\d{1,19}$/.test(text);

function scan(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (/[ \t\r\n]/.test(character)) {
      at += 1;
    } else if (specialSymbols.includes(character)) {
      const pair = text.slice(at, at + 2);
      const symbol = symbolTokens.has(pair) ? pair : symbolTokens.has(character) ? character : undefined;
      tokens.push(symbol ? { kind: symbol as Token['kind'], text: symbol } : { kind: 'error', text: character });
      at += symbol?.length ?? 1;
    } else {
      const end = /[=!(),<> \t\r\n]/.exec(text.slice(at))?.index ?? text.length - at;
      const word = text.slice(at, at + end);
      tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
      at += end;
    }
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

const end: Token = { kind: 'end', text: '' };

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const { kind, text } = this.#peek();
      if (kind === 'end') return requirements;
      if (kind !== 'identifier' && kind !== '!')
        throw new DecodeError(`found '${text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#requirement());
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw new DecodeError(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'identifier' && after.kind !== '!') {
        throw new DecodeError(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    const absent = this.#peek().kind === '!';
    if (absent) this.#take();
    const key = this.#take();
    if (key.kind !== 'identifier') this.#fail(`found '${key.text}', expected: identifier`);
    const problem = labelKeyProblem(key.text);
    if (problem) this.#fail(`${problem}`);
    const next = this.#peek();
    if (absent) return requirement(key.text, '!', []);
    if (next.kind === 'end' || next.kind === ',') return requirement(key.text, 'exists', []);
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()];
    return parsedRequirement(key.text, operator, values);
  }

  #operator(): LabelRequirement['operator'] {
    const { kind, text } = this.#take('operator');
    if (kind === 'in' || kind === 'notin' || kind === '=' || kind === '==' || kind === '!=') return kind;
    if (kind === '>') return 'gt';
    if (kind === '<') return 'lt';
    return this.#fail(`found '${text}', expected: ${binaryOperators}`);
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== '(') this.#fail(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    const first = this.#peek();
    if (first.kind === ')') {
      this.#take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') this.#fail(`found '${first.text}', expected: ',', ')' or identifier`);
    for (;;) {
      const { kind, text } = this.#take();
      if (kind === 'identifier') {
        values.add(text);
        const after = this.#peek();
        if (after.kind === ')') break;
        if (after.kind !== ',') this.#fail(`found '${after.text}', expected: ',' or ')'`);
      } else if (kind === ',') {
        if (values.size === 0) values.add('');
        const after = this.#peek();
        if (after.kind === ')') {
          values.add('');
          break;
        }
        if (after.kind === ',') {
          this.#take();
          values.add('');
        }
      } else this.#fail(`found '${text}', expected: ',', or identifier`);
    }
    this.#take();
    return [...values].sort();
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    const { kind, text } = this.#take();
    return kind === 'identifier' ? text : this.#fail(`found '${text}', expected: identifier`);
  }

  #peek(as: 'value' | 'operator' = 'value'): Token {
    const token = this.#tokens[this.#at] ?? end;
    return as === 'value' && (token.kind === 'in' || token.kind === 'notin') ? { kind: 'identifier', text: token.text } : token;
  }

  #take(as: 'value' | 'operator' = 'value'): Token {
    const token = this.#peek(as);
    this.#at += 1;
    return token;
  }

  #fail(message: string): never {
    throw new DecodeError(`unable to parse requirement: ${message}`);
  }
}

function parsedRequirement(key: string, operator: LabelRequirement['operator'], values: string[]): LabelRequirement {
  try {
    return requirement(key, operator, values);
  } catch (error) {
    throw error instanceof DecodeError ? new DecodeError(`unable to parse requirement: ${error.message}`) : error;
  }
}

function requirement(key: string, operator: LabelRequirement['operator'], values: readonly string[]): LabelRequirement {
  const problems: string[] = [];
  const keyProblem = labelKeyProblem(key, 'key');
  if (keyProblem) problems.push(keyProblem);
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    problems.push("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
  }
  if ((operator === 'exists' || operator === '!') && values.length > 0) {
    problems.push(`values: Invalid value: ${JSON.stringify(values)}: values set must be empty for exists and does not exist`);
  }
  for (const [index, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && !isInteger(value)) {
      problems.push(`values[${index}]: Invalid value: ${goQuote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
    }
    const problem = labelValueProblem(value);
    if (problem) problems.push(`values[${index}][${key}]: Invalid value: ${goQuote(value)}: ${problem}`);
  }
  if (problems.length > 0) throw new DecodeError(problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`);
  return { key, operator, values };
}

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const namePartText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Why a label's key is none, as a field error's text; undefined when it is one. */
function labelKeyProblem(key: string, field = '<nil>'): string | undefined {
  const problems: string[] = [];
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) {
    problems.push(`a qualified name ${namePartText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`);
  } else {
    if (parts.length === 2) {
      const prefix = parts[0] ?? '';
      if (prefix === '') problems.push('prefix part must be non-empty');
      else if (prefix.length > 253) problems.push('prefix part must be no more than 253 bytes');
      else if (!subdomain.test(prefix)) problems.push(`prefix part ${subdomainText}`);
    }
    if (name === '') problems.push('name part must be non-empty');
    else if (name.length > 63) problems.push('name part must be no more than 63 bytes');
    if (!namePart.test(name)) problems.push(`name part ${namePartText}`);
  }
  return problems.length === 0 ? undefined : `${field}: Invalid value: ${goQuote(key)}: ${problems.join('; ')}`;
}

function labelValueProblem(value: string): string | undefined {
  const problems: string[] = [];
  if (value.length > 63) problems.push('must be no more than 63 bytes');
  if (value !== '' && !namePart.test(value)) {
    problems.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    );
  }
  return problems.length === 0 ? undefined : problems.join('; ');
}
