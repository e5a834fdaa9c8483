// The files by which a step hands on outputs, variables and paths: GITHUB_OUTPUT, GITHUB_ENV, GITHUB_PATH.
import { DarumaError } from '../../core/index.ts';

/** `name=value` lines and `name<<MARK` blocks. @throws INVALID_INPUT naming the line that is neither. */
export function parseCommandFile(text: string, file: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const block = /^([^=]+?)<<(.+)$/.exec(line);
    const equals = line.indexOf('=');
    if (block && (equals === -1 || line.indexOf('<<') < equals)) {
      const [, name = '', mark = ''] = block;
      const end = lines.indexOf(mark, at + 1);
      if (end === -1) throw malformed(file, line, `the block has no closing ${mark}`);
      values[name] = lines.slice(at + 1, end).join('\n');
      at = end;
    } else if (equals > 0) {
      values[line.slice(0, equals)] = line.slice(equals + 1);
    } else {
      throw malformed(file, line, 'it must be name=value');
    }
  }
  return values;
}

function malformed(file: string, line: string, why: string): DarumaError {
  return new DarumaError('INVALID_INPUT', `${file}: "${line.slice(0, 80)}": ${why}`, {
    hint: `write with: echo "name=value" >> "$${file}"`,
  });
}
