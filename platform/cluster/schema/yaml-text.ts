// Reads YAML bodies as sigs.k8s.io/yaml does: YAML 1.1 turned into JSON, keys into strings.
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLParseError } from 'yaml';
import { DecodeError } from './errors.ts';
import { type JsonObject, setKey } from './json-values.ts';

const maxDepth = 1000;
/** Nodes that aliases may expand to in all; more is an attack. */
const maxExpanded = 100_000;

export interface YamlText {
  value: unknown;
  /** Paths of keys that stand more than once in their map. */
  duplicates: string[];
}

/** @throws DecodeError 400 `error converting YAML to JSON: yaml: line N: …` */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    schema: 'yaml-1.1',
    uniqueKeys: false,
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
    // Go's parser leaves times, base-60 numbers and binary values as they are written.
    customTags: tags =>
      tags.filter(tag => typeof tag === 'string' || !(foreignTags.has(tag.tag) || ('format' in tag && tag.format === 'TIME'))),
  });
  const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (error)
    throw new DecodeError(
      `error converting YAML to JSON: yaml: line ${lines.linePos(error.pos[0]).line}: ${problem(error, text)}`,
    );
  const reader = new YamlReader();
  return { value: reader.read(document.contents, '', 0), duplicates: reader.duplicates };
}

const foreignTags = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set'].map(name => `tag:yaml.org,2002:${name}`));

/** libyaml's words for the mistakes that people make most. */
function problem({ code, message, pos }: YAMLParseError, text: string): string {
  switch (code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
      return 'mapping values are not allowed in this context';
    case 'TAB_AS_INDENT':
      return 'found character that cannot start any token';
    case 'MISSING_CHAR':
    case 'BAD_INDENT':
      if (/[[{,]\s*$/.test(text.slice(0, pos[0]))) return 'did not find expected node content';
      if (/flow/i.test(message)) return `did not find expected ',' or '${/map/i.test(message) ? '}' : ']'}'`;
      return code === 'BAD_INDENT' ? 'did not find expected key' : "could not find expected ':'";
    default:
      return message.replace(/\s+/g, ' ');
  }
}

class YamlReader {
  readonly duplicates: string[] = [];
  /** By name; an alias means the last node before it that carries the anchor. */
  readonly #anchors = new Map<string, Node>();
  #expanded = 0;
  #inAlias = 0;

  read(node: unknown, path: string, depth: number): unknown {
    if (depth > maxDepth) throw new DecodeError('error converting YAML to JSON: yaml: exceeded max depth of 10000');
    if (this.#inAlias > 0 && ++this.#expanded > maxExpanded) {
      throw new DecodeError('error converting YAML to JSON: yaml: document contains excessive aliasing');
    }
    if (isAlias(node)) return this.#alias(node.source, path, depth);
    if (isNode(node) && 'anchor' in node && node.anchor) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, `${path}[${index}]`, depth + 1));
    if (isMap(node)) {
      const object: JsonObject = {};
      for (const { key, value } of node.items) {
        const name = keyText(this.read(key, '', depth + 1));
        if (name === '<<' && (isAlias(value) || isMap(value) || isSeq(value))) {
          this.#merge(object, this.read(value, path, depth + 1));
          continue;
        }
        const place = path ? `${path}.${name}` : name;
        if (Object.hasOwn(object, name)) this.duplicates.push(place);
        setKey(object, name, this.read(value, place, depth + 1));
      }
      return object;
    }
    return isScalar(node) ? scalar(node.value) : null;
  }

  #alias(name: string, path: string, depth: number): unknown {
    const target = this.#anchors.get(name);
    if (!target) throw new DecodeError(`error converting YAML to JSON: yaml: unknown anchor '${name}' referenced`);
    this.#inAlias += 1;
    const value = this.read(target, path, depth + 1);
    this.#inAlias -= 1;
    return value;
  }

  #merge(object: JsonObject, source: unknown): void {
    for (const each of Array.isArray(source) ? source : [source]) {
      if (typeof each !== 'object' || each === null) continue;
      for (const [key, value] of Object.entries(each)) if (!Object.hasOwn(object, key)) setKey(object, key, value);
    }
  }
}

function scalar(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  return typeof value === 'symbol' ? '<<' : (value ?? null);
}

function keyText(key: unknown): string {
  return typeof key === 'object' ? (key === null ? 'null' : JSON.stringify(key)) : String(key);
}
