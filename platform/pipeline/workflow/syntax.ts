// Parses what stands between `${{` and `}}`: GitHub's expression grammar, to a small tree.

export type Expression =
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'context'; name: string }
  | { kind: 'index'; of: Expression; by: Expression }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'not'; of: Expression }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression };

export type BinaryOperator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=';

/** Functions by name, with the least and the most arguments. */
const FUNCTIONS: Record<string, [least: number, most: number]> = {
  success: [0, 0],
  failure: [0, 0],
  always: [0, 0],
  cancelled: [0, 0],
  contains: [2, 2],
  startswith: [2, 2],
  endswith: [2, 2],
  format: [1, 16],
  join: [1, 2],
  tojson: [1, 1],
  fromjson: [1, 1],
};
const CONTEXTS = new Set(['github', 'env', 'steps', 'needs', 'job', 'runner', 'secrets', 'vars']);
const TOKEN =
  /\s*(?:('(?:[^']|'')*')|(-?(?:0x[\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))|([A-Za-z_][\w-]*)|(\|\||&&|==|!=|<=|>=|[!<>()[\].,*]))/y;
const LEVELS: BinaryOperator[][] = [['||'], ['&&'], ['==', '!='], ['<', '<=', '>', '>=']];

interface Token {
  kind: 'string' | 'number' | 'name' | 'symbol';
  text: string;
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new SyntaxError(`unexpected text at "${source.slice(at).trim()}"`);
    const [, string, number, name, symbol] = match;
    if (string !== undefined) found.push({ kind: 'string', text: string.slice(1, -1).replaceAll("''", "'") });
    else if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (name !== undefined) found.push({ kind: 'name', text: name });
    else found.push({ kind: 'symbol', text: symbol ?? '' });
  }
  return found;
}

/** @throws SyntaxError that says what is wrong; unknown contexts and functions are refused here, before anything runs. */
export function parseExpression(source: string): Expression {
  const list = tokens(source);
  let at = 0;
  const take = (symbol: string): boolean => {
    const token = list[at];
    if (token?.kind !== 'symbol' || token.text !== symbol) return false;
    at++;
    return true;
  };
  const expect = (symbol: string) => {
    if (!take(symbol)) throw new SyntaxError(`expected "${symbol}" at ${list[at] ? `"${list[at]?.text}"` : 'the end'}`);
  };

  const binary = (level: number): Expression => {
    const operators = LEVELS[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    for (;;) {
      const operator = operators.find(candidate => take(candidate));
      if (!operator) return left;
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
  };
  const unary = (): Expression => (take('!') ? { kind: 'not', of: unary() } : postfix(primary()));
  const postfix = (of: Expression): Expression => {
    if (take('.')) {
      const token = list[at++];
      if (token?.kind === 'symbol' && token.text === '*') throw new SyntaxError('the object filter ".*" is not supported');
      if (token?.kind !== 'name') throw new SyntaxError('expected a name after "."');
      return postfix({ kind: 'index', of, by: { kind: 'literal', value: token.text } });
    }
    if (take('[')) {
      const by = binary(0);
      expect(']');
      return postfix({ kind: 'index', of, by });
    }
    return of;
  };
  const primary = (): Expression => {
    if (take('(')) {
      const inner = binary(0);
      expect(')');
      return inner;
    }
    const token = list[at++];
    if (!token) throw new SyntaxError('the expression ends too early');
    if (token.kind === 'string') return { kind: 'literal', value: token.text };
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.kind === 'symbol') throw new SyntaxError(`unexpected "${token.text}"`);
    return named(token.text);
  };
  const named = (text: string): Expression => {
    const lower = text.toLowerCase();
    if (take('(')) {
      const limits = Object.hasOwn(FUNCTIONS, lower) ? FUNCTIONS[lower] : undefined;
      if (!limits) throw new SyntaxError(`the function ${text}() is not supported`);
      const args: Expression[] = [];
      if (!take(')')) {
        do args.push(binary(0));
        while (take(','));
        expect(')');
      }
      if (args.length < limits[0] || args.length > limits[1]) throw new SyntaxError(`${text}() takes ${limits[0]} arguments`);
      return { kind: 'call', name: lower, args };
    }
    if (lower === 'true' || lower === 'false') return { kind: 'literal', value: lower === 'true' };
    if (lower === 'null') return { kind: 'literal', value: null };
    if (!CONTEXTS.has(lower)) throw new SyntaxError(`the context ${text} is not supported`);
    return { kind: 'context', name: lower };
  };

  const tree = binary(0);
  if (at < list.length) throw new SyntaxError(`unexpected "${list[at]?.text}"`);
  return tree;
}

/** Whether the expression asks for the status itself; otherwise `success() &&` stands before an `if`. */
export function usesStatus(tree: Expression): boolean {
  switch (tree.kind) {
    case 'call':
      return ['success', 'failure', 'always', 'cancelled'].includes(tree.name) || tree.args.some(usesStatus);
    case 'not':
      return usesStatus(tree.of);
    case 'index':
      return usesStatus(tree.of) || usesStatus(tree.by);
    case 'binary':
      return usesStatus(tree.left) || usesStatus(tree.right);
    default:
      return false;
  }
}
