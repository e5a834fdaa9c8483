// `daruma history`: what was deployed when, and by whom; read from Git.
import { connect, type GlobalOptions } from './connect.ts';
import { ago, print, printJson, short, table } from './output.ts';

export async function run(options: GlobalOptions & { output?: string }, app?: string | string[]): Promise<void> {
  const { api } = await connect(options);
  const history = await api.history(String(app));
  if (options.output === 'json') return printJson(history);
  print(
    table(
      ['ID', 'REVISION', 'DEPLOYED', 'BY', 'SUBJECT'],
      history.map(entry => [String(entry.id), short(entry.revision), ago(entry.deployedAt), entry.actor, entry.subject]),
    ),
  );
}
