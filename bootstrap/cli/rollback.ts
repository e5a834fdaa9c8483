// `daruma rollback`: back to an entry of the history, by a commit.
import { DarumaError } from '../../platform/core/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { mark, print, printJson, short } from './output.ts';
import { confirmed } from './sync.ts';

export async function run(
  options: GlobalOptions & { confirm?: string; output?: string },
  app?: string | string[],
  id?: string | string[],
): Promise<void> {
  if (id !== undefined && !/^\d+$/.test(String(id)))
    throw new DarumaError('USAGE', `${String(id)} is not an id of the history`, { hint: `daruma history ${String(app)}` });
  const { api } = await connect(options);
  const name = String(app);
  const wanted = id === undefined ? {} : { id: Number(id) };
  const request = options.confirm ? { confirm: options.confirm } : {};
  const result = await confirmed(api, name, request, given => api.rollback(name, { ...wanted, ...request, ...given }));
  if (options.output === 'json') return printJson(result);
  print(`${mark.done()} ${name} is back at entry ${result.toId}, by commit ${short(result.commit)}`);
}
