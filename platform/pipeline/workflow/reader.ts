// Reads a YAML tree with the line of everything at hand, so that each complaint names file, line and key.
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { DarumaError } from '../../core/index.ts';
import { checkTemplates, conditionSource } from './evaluate.ts';
import { parseExpression } from './syntax.ts';

export interface Entry {
  key: string;
  line: number;
  value: Node | null;
}

const DOCUMENTED = 'docs/pipeline.md lists what workflows may hold';

export class WorkflowReader {
  readonly file: string;
  readonly #lines = new LineCounter();
  readonly root: Node;

  constructor(file: string, text: string) {
    this.file = file;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const [error] = document.errors;
    if (error) {
      const { line } = this.#lines.linePos(error.pos[0]);
      throw this.invalid(line, error.message.split('\n')[0] ?? 'is not YAML');
    }
    if (!document.contents) throw this.invalid(1, 'the workflow is empty');
    this.root = document.contents;
  }

  line(node: Node | null | undefined): number {
    return this.#lines.linePos(node?.range?.[0] ?? 0).line;
  }

  invalid(line: number, message: string): DarumaError {
    return new DarumaError('INVALID_INPUT', `${this.file} line ${line}: ${message}`, {
      hint: `mend line ${line}, then push again`,
      data: { file: this.file, line },
    });
  }

  unsupported(line: number, key: string, why = 'is not supported here'): DarumaError {
    return new DarumaError('UNSUPPORTED_FIELD', `${this.file} line ${line}: ${key} ${why}`, {
      hint: DOCUMENTED,
      data: { file: this.file, line, key },
    });
  }

  /** The entries of a map. `known` lists the keys that may stand there; `where` names the place in complaints. */
  entries(node: Node | null, where: string, known?: readonly string[]): Entry[] {
    if (!isMap(node)) throw this.invalid(this.line(node), `${where} must be a map`);
    return (node as YAMLMap<Node, Node | null>).items.map((pair: Pair<Node, Node | null>) => {
      const line = this.line(pair.key);
      if (!isScalar(pair.key)) throw this.invalid(line, `a key in ${where} must be text`);
      const key = String(pair.key.source ?? pair.key.value);
      if (known && !known.includes(key)) throw this.unsupported(line, where === 'the workflow' ? key : `${where}.${key}`);
      if (isAlias(pair.value)) throw this.unsupported(line, `${where}.${key}`, 'is a YAML alias, which is not supported here');
      return { key, line, value: pair.value };
    });
  }

  text(entry: Entry, where = entry.key): string {
    if (!isScalar(entry.value) || entry.value.value === null) throw this.invalid(entry.line, `${where} must be text`);
    const value = entry.value.value;
    const text = typeof value === 'string' ? value : String(entry.value.source ?? value);
    this.#check(entry.line, where, () => checkTemplates(text));
    return text;
  }

  /** The text of an `if`, its braces taken off. */
  condition(entry: Entry): string {
    const source = conditionSource(this.#scalar(entry, 'if'));
    this.#check(entry.line, 'if', () => parseExpression(source));
    return source;
  }

  positiveNumber(entry: Entry): number {
    const value = Number(this.#scalar(entry, entry.key));
    if (!(value > 0)) throw this.invalid(entry.line, `${entry.key} must be a number above 0`);
    return value;
  }

  flag(entry: Entry): boolean {
    const text = this.#scalar(entry, entry.key);
    if (text !== 'true' && text !== 'false') throw this.invalid(entry.line, `${entry.key} must be true or false`);
    return text === 'true';
  }

  /** A list of texts; one text stands for a list of one. */
  texts(entry: Entry): string[] {
    if (isScalar(entry.value)) return [this.text(entry)];
    return this.items(entry).map(item => {
      if (!isScalar(item)) throw this.invalid(this.line(item), `${entry.key} must be a list of texts`);
      return String(item.source ?? item.value);
    });
  }

  items(entry: Entry): Node[] {
    if (!isSeq<Node>(entry.value)) throw this.invalid(entry.line, `${entry.key} must be a list`);
    return entry.value.items;
  }

  textMap(entry: Entry, where: string): Record<string, string> {
    return Object.fromEntries(
      this.entries(entry.value, where).map(item => [item.key, isNull(item.value) ? '' : this.text(item, `${where}.${item.key}`)]),
    );
  }

  #scalar(entry: Entry, where: string): string {
    if (!isScalar(entry.value)) throw this.invalid(entry.line, `${where} must be a single value`);
    const { source, value } = entry.value;
    return typeof value === 'string' ? value : String(source ?? value);
  }

  #check(line: number, where: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      throw this.invalid(line, `${where}: ${(error as Error).message}`);
    }
  }
}

export function isNull(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}
