// `daruma kubeconfig`: where kubectl finds the cluster.
import { existsSync } from 'node:fs';
import { DarumaError } from '../../platform/core/index.ts';
import { type GlobalOptions, pathsOf } from './connect.ts';
import { print } from './output.ts';

export async function run(options: GlobalOptions): Promise<void> {
  const { kubeconfig, root } = pathsOf(options);
  if (!existsSync(kubeconfig)) throw new DarumaError('NOT_RUNNING', `${root} has no cluster yet`, { hint: 'daruma up' });
  print(kubeconfig);
}
