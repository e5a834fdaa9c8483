// `daruma runs`: pipeline runs, or the log of one.
import { connect, type GlobalOptions } from './connect.ts';
import { ago, mark, print, printJson, seconds, short, table } from './output.ts';

export async function run(
  options: GlobalOptions & { follow?: boolean; output?: string },
  id?: string | string[],
): Promise<number> {
  const { api } = await connect(options);
  if (typeof id !== 'string') {
    const runs = await api.runs();
    if (options.output === 'json') printJson(runs);
    else {
      const sign = {
        queued: mark.running,
        running: mark.running,
        success: mark.done,
        failure: mark.failed,
        cancelled: mark.skipped,
      };
      print(
        table(
          ['', 'RUN', 'REPOSITORY', 'COMMIT', 'BY', 'STARTED', 'TOOK', 'SUBJECT'],
          runs.map(one => [
            sign[one.state](),
            one.id,
            one.repository,
            short(one.sha),
            one.actor,
            ago(one.startedAt),
            one.ms === undefined ? '-' : seconds(one.ms),
            one.subject,
          ]),
        ),
      );
    }
    return 0;
  }
  if (options.output === 'json' && !options.follow) {
    printJson(await api.run(id));
    return 0;
  }
  for await (const text of api.runLog(id, { follow: options.follow ?? false })) process.stdout.write(text);
  const { state } = await api.run(id);
  return state === 'failure' || state === 'cancelled' ? 1 : 0;
}
