// `daruma logs`: the platform's own log, from the running platform or from what a stopped one left.

import { DarumaError } from '../../platform/core/index.ts';
import { hasLog, readLog } from '../log-files.ts';
import { connect, findAppliance, type GlobalOptions, pathsOf } from './connect.ts';

export async function run(options: GlobalOptions & { follow?: boolean }, subsystem?: string | string[]): Promise<void> {
  const wanted = typeof subsystem === 'string' ? { subsystem } : {};
  const paths = pathsOf(options);
  if (!(await findAppliance(paths))) {
    if (options.follow || !hasLog(paths))
      throw new DarumaError('NOT_RUNNING', `no daruma runs on ${paths.root}`, { hint: 'daruma up' });
    for await (const text of readLog(paths, wanted)) process.stdout.write(text);
    return;
  }
  const { api } = await connect(options);
  for await (const text of api.log({ ...wanted, follow: options.follow ?? false })) process.stdout.write(text);
}
