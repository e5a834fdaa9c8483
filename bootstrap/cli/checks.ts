// `daruma checks`: what the pipeline says of a commit. Exit code 0 only when every workflow was green.
import { connect, type GlobalOptions } from './connect.ts';
import { mark, print, printJson, short } from './output.ts';

const SIGNS = { pending: mark.running, success: mark.done, failure: mark.failed, error: mark.skipped };

export async function run(
  options: GlobalOptions & { output?: string },
  repository?: string | string[],
  revision?: string | string[],
): Promise<number> {
  const { api } = await connect(options);
  const wanted = typeof revision === 'string' ? revision : 'main';
  const statuses = await api.statuses(String(repository), wanted);
  if (options.output === 'json') printJson(statuses);
  else if (statuses.length === 0) print(`no workflow ran for ${wanted} of ${String(repository)}`);
  else
    for (const { context, state, description, run: id, sha } of statuses)
      print(`${SIGNS[state]()} ${short(sha)}  ${context}  ${description}  (daruma runs ${id})`);
  return statuses.length > 0 && statuses.every(status => status.state === 'success') ? 0 : 1;
}
