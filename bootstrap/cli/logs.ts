// `daruma logs`: the platform's own log, from the running platform or from what a stopped one left.

import { readLog } from '../log-files.ts';
import { connect, findAppliance, type GlobalOptions, pathsOf } from './connect.ts';

export async function run(options: GlobalOptions & { follow?: boolean }, subsystem?: string | string[]): Promise<void> {
  const wanted = typeof subsystem === 'string' ? { subsystem } : {};
  if (!(await findAppliance(pathsOf(options)))) {
    for await (const text of readLog(pathsOf(options), wanted)) process.stdout.write(text);
    return;
  }
  const { api } = await connect(options);
  for await (const text of api.log({ ...wanted, follow: options.follow ?? false })) process.stdout.write(text);
}
