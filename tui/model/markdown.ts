// Scenario texts on a terminal: the little Markdown that they use, as lines of styled pieces.

export interface Piece {
  text: string;
  bold?: boolean;
  code?: boolean;
}

const INLINE = /(\*\*[^*]+\*\*|`[^`]+`)/;

/**
 * Wraps to `width` columns. Headings and **bold** are bold; `code`, fenced and indented blocks are code, whose
 * lines go on after a backslash where they are too long, so that what is copied is still one command.
 */
export function markdownLines(text: string, width: number): Piece[][] {
  const lines: Piece[][] = [];
  let fenced = false;
  let paragraph: string[] = [];
  const flush = (indent = '') => {
    if (paragraph.length > 0) lines.push(...wrap(paragraph.join(' '), width, indent));
    paragraph = [];
  };
  for (const line of text.trim().split('\n')) {
    if (line.startsWith('```')) {
      flush();
      fenced = !fenced;
    } else if (fenced || (paragraph.length === 0 && /^( {4}|\t)\S/.test(line))) {
      for (const part of codeLines(fenced ? line : line.trim(), width - 2)) lines.push([{ text: `  ${part}`, code: true }]);
    } else if (/^#+\s/.test(line)) {
      flush();
      lines.push([{ text: line.replace(/^#+\s+/, '').slice(0, width), bold: true }]);
    } else if (/^\s*([-*]|\d+\.)\s/.test(line)) {
      flush();
      const [, bullet = '', rest = ''] = /^\s*([-*]|\d+\.)\s+(.*)$/.exec(line) ?? [];
      lines.push(...wrap(`${bullet === '*' || bullet === '-' ? '·' : bullet} ${rest}`, width, '  '));
    } else if (line.trim() === '') {
      flush();
      if (lines.length > 0 && lines.at(-1)?.length !== 0) lines.push([]);
    } else paragraph.push(line.trim());
  }
  flush();
  return lines;
}

function codeLines(code: string, width: number): string[] {
  if (code.length <= width) return [code];
  const lines: string[] = [];
  let line = '';
  for (const word of code.split(' ')) {
    if (line.trim() !== '' && line.length + word.length + 3 > width) {
      lines.push(`${line} \\`);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].flatMap(one => one.match(new RegExp(`.{1,${Math.max(1, width)}}`, 'g')) ?? ['']);
}

function wrap(text: string, width: number, indent: string): Piece[][] {
  const words = text.split(INLINE).flatMap(part => {
    const style = part.startsWith('**') ? { bold: true } : part.startsWith('`') ? { code: true } : {};
    const bare = part.startsWith('**') ? part.slice(2, -2) : part.startsWith('`') ? part.slice(1, -1) : part;
    return bare
      .split(/( +)/)
      .filter(word => word !== '')
      .map(word => ({ text: word, ...style }));
  });
  const lines: Piece[][] = [];
  let line: Piece[] = [];
  let used = 0;
  for (const word of words) {
    if (used + word.text.length > width && line.length > 0) {
      lines.push(line);
      line = indent === '' ? [] : [{ text: indent }];
      used = indent.length;
      if (word.text.trim() === '') continue;
    }
    line.push({ ...word, text: word.text.slice(0, width) });
    used += word.text.length;
  }
  if (line.length > 0) lines.push(line);
  return lines;
}

/** Text without any Markdown, wrapped to `width` columns. */
export function plainLines(text: string, width: number): string[] {
  const words = text.split(/\s+/).flatMap(word => word.match(new RegExp(`.{1,${Math.max(1, width)}}`, 'gu')) ?? []);
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
