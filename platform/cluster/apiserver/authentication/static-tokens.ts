// Bearer tokens from a file in kube-apiserver's static-token format: token,user,uid,"group1,group2".
import { readFile } from 'node:fs/promises';
import { DarumaError } from '../../../core/index.ts';

export interface StaticToken {
  token: string;
  user: string;
  uid?: string;
  groups: string[];
}

/** The fields of one CSV line; quotes may hold commas and doubled quotes. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  const field = /\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (!match) return fields;
    fields.push(match[1] === undefined ? (match[2] ?? '').trim() : match[1].replaceAll('""', '"'));
    if (match[3] === '') return fields;
  }
}

/** Reads the tokens of `path`; empty lines and lines of # are left out. @throws DarumaError INVALID_INPUT */
export async function readTokenFile(path: string): Promise<StaticToken[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new DarumaError('INVALID_INPUT', `the token file ${path} cannot be read`, {
      hint: 'name a CSV file: token,user,uid,"group1,group2"',
      cause,
    });
  }
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      const [token, user, uid, groups] = fieldsOf(line);
      if (!token || !user)
        throw new DarumaError('INVALID_INPUT', `line ${number} of the token file ${path} has no token or no user`, {
          hint: 'write token,user,uid,"group1,group2"',
        });
      return {
        token,
        user,
        ...(uid ? { uid } : {}),
        groups: (groups ?? '')
          .split(',')
          .map(group => group.trim())
          .filter(group => group !== ''),
      };
    });
}
