// `daruma credentials`: the token of a user, for the API, git and the registry.
import { DarumaError } from '../../platform/core/index.ts';
import { readCredentials } from '../credentials.ts';
import { type GlobalOptions, pathsOf } from './connect.ts';
import { print, printJson } from './output.ts';

export async function run(options: GlobalOptions & { json?: boolean }, user?: string | string[]): Promise<void> {
  const paths = pathsOf(options);
  const credentials = await readCredentials(paths);
  if (!credentials) throw new DarumaError('NOT_RUNNING', `${paths.root} has no credentials yet`, { hint: 'daruma up' });
  const { user: name, role, token } = credentials.of(typeof user === 'string' ? user : 'lead');
  if (options.json) return printJson({ user: name, role, token, file: paths.credentials });
  print(token);
}
