// Reads JSON bodies: JSON.parse for what is well formed, encoding/json's words for what is not, and the duplicate keys that JSON.parse hides.
import { DecodeError } from './errors.ts';
import { goQuote } from './go-format.ts';
import { isObject } from './json-values.ts';

/** Deeper bodies are refused: every algorithm here recurses. */
const maxDepth = 1000;

export interface JsonText {
  value: unknown;
  /** Paths of keys that stand more than once in their object, in the order of the text. */
  duplicates: string[];
}

/** @throws DecodeError 400 with the message of Go's encoding/json (`unexpected end of JSON input`, …) */
export function readJson(text: string): JsonText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DecodeError(syntaxError(text));
  }
  const keys = countKeys(text);
  return { value, duplicates: keys === countOwnKeys(value) ? [] : duplicateKeys(text) };
}

/** Colons outside of strings; every one belongs to a key. */
function countKeys(text: string): number {
  let keys = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = stringEnd(text, at);
        break;
      case 0x3a:
        keys += 1;
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > maxDepth) throw new DecodeError('exceeded max depth');
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
    }
  }
  return keys;
}

/** The position of the quote that ends the string which starts at `start`, in well-formed JSON. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

function countOwnKeys(value: unknown): number {
  if (Array.isArray(value)) {
    let count = 0;
    for (const item of value) if (typeof item === 'object' && item !== null) count += countOwnKeys(item);
    return count;
  }
  if (!isObject(value)) return 0;
  let count = 0;
  for (const key of Object.keys(value)) {
    count += 1;
    const field = value[key];
    if (typeof field === 'object' && field !== null) count += countOwnKeys(field);
  }
  return count;
}

interface Frame {
  path: string;
  /** The keys seen, for objects. */
  keys?: Set<string>;
  /** The next item, for arrays. */
  index: number;
}

function duplicateKeys(text: string): string[] {
  const found = new Set<string>();
  const frames: Frame[] = [];
  let place = '';
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const frame = frames.at(-1);
    switch (text[at]) {
      case '"': {
        const end = stringEnd(text, at);
        if (expectsKey && frame?.keys) {
          const key = JSON.parse(text.slice(at, end + 1)) as string;
          place = frame.path ? `${frame.path}.${key}` : key;
          if (frame.keys.has(key)) found.add(place);
          frame.keys.add(key);
          expectsKey = false;
        }
        at = end;
        break;
      }
      case '{':
        frames.push({ path: frame && !frame.keys ? `${frame.path}[${frame.index}]` : place, keys: new Set(), index: 0 });
        expectsKey = true;
        break;
      case '[':
        frames.push({ path: frame && !frame.keys ? `${frame.path}[${frame.index}]` : place, index: 0 });
        expectsKey = false;
        break;
      case '}':
      case ']':
        frames.pop();
        expectsKey = false;
        break;
      case ',':
        if (frame?.keys) expectsKey = true;
        else if (frame) frame.index += 1;
        break;
      default:
    }
  }
  return [...found];
}

/** What encoding/json says about text that is not JSON. */
export function syntaxError(text: string): string {
  return new SyntaxScanner(text).message();
}

const ended = 'unexpected end of JSON input';

class SyntaxScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  message(): string {
    const problem = this.#value(0);
    if (problem) return problem;
    this.#space();
    return this.#at < this.#text.length ? this.#bad('after top-level value') : ended;
  }

  #value(depth: number): string | undefined {
    this.#space();
    if (depth > maxDepth) return 'exceeded max depth';
    const character = this.#text[this.#at];
    if (character === undefined) return ended;
    if (character === '{') return this.#members(depth);
    if (character === '[') return this.#items(depth);
    if (character === '"') return this.#string();
    if (character === '-' || (character >= '0' && character <= '9')) return this.#number();
    for (const word of ['true', 'false', 'null']) if (character === word[0]) return this.#word(word);
    return this.#bad('looking for beginning of value');
  }

  #members(depth: number): string | undefined {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === '}') return this.#step();
    for (;;) {
      this.#space();
      if (this.#at >= this.#text.length) return ended;
      if (this.#text[this.#at] !== '"') return this.#bad('looking for beginning of object key string');
      const key = this.#string();
      if (key) return key;
      this.#space();
      if (this.#at >= this.#text.length) return ended;
      if (this.#text[this.#at] !== ':') return this.#bad('after object key');
      this.#at += 1;
      const value = this.#value(depth + 1);
      if (value) return value;
      this.#space();
      const next = this.#text[this.#at];
      if (next === '}') return this.#step();
      if (next === undefined) return ended;
      if (next !== ',') return this.#bad('after object key:value pair');
      this.#at += 1;
    }
  }

  #items(depth: number): string | undefined {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === ']') return this.#step();
    for (;;) {
      const value = this.#value(depth + 1);
      if (value) return value;
      this.#space();
      const next = this.#text[this.#at];
      if (next === ']') return this.#step();
      if (next === undefined) return ended;
      if (next !== ',') return this.#bad('after array element');
      this.#at += 1;
    }
  }

  #string(): string | undefined {
    for (this.#at += 1; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] ?? '';
      if (character === '"') return this.#step();
      if (character < ' ') return this.#bad('in string literal');
      if (character !== '\\') continue;
      this.#at += 1;
      const escaped = this.#text[this.#at];
      if (escaped === undefined) return ended;
      if (escaped === 'u') {
        for (let digit = 0; digit < 4; digit++) {
          this.#at += 1;
          const hex = this.#text[this.#at];
          if (hex === undefined) return ended;
          if (!/[0-9a-fA-F]/.test(hex)) return this.#bad('in \\u hexadecimal character escape');
        }
      } else if (!'bfnrt\\/"'.includes(escaped)) return this.#bad('in string escape code');
    }
    return ended;
  }

  #number(): string | undefined {
    if (this.#text[this.#at] === '-') this.#at += 1;
    const first = this.#text[this.#at];
    if (first === undefined) return ended;
    if (!/\d/.test(first)) return this.#bad('in numeric literal');
    this.#at += 1;
    if (first !== '0') this.#digits();
    if (this.#text[this.#at] === '.') {
      this.#at += 1;
      if (this.#at >= this.#text.length) return ended;
      if (!/\d/.test(this.#text[this.#at] ?? '')) return this.#bad('after decimal point in numeric literal');
      this.#digits();
    }
    if (/[eE]/.test(this.#text[this.#at] ?? '')) {
      this.#at += 1;
      if (/[+-]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
      if (this.#at >= this.#text.length) return ended;
      if (!/\d/.test(this.#text[this.#at] ?? '')) return this.#bad('in exponent of numeric literal');
      this.#digits();
    }
    return undefined;
  }

  #word(word: string): string | undefined {
    for (const letter of word) {
      const character = this.#text[this.#at];
      if (character === undefined) return ended;
      if (character !== letter) return this.#bad(`in literal ${word} (expecting ${quoteCharacter(letter)})`);
      this.#at += 1;
    }
    return undefined;
  }

  #digits(): void {
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '-')) this.#at += 1;
  }

  #step(): undefined {
    this.#at += 1;
    return undefined;
  }

  #bad(context: string): string {
    return `invalid character ${quoteCharacter(this.#text[this.#at] ?? '')} ${context}`;
  }
}

function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''";
  if (character === '"') return `'"'`;
  return `'${goQuote(character).slice(1, -1)}'`;
}
