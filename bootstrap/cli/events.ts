// `daruma events`: the journal, one line for each event.
import type { JournalEntry } from '../../platform/api/index.ts';
import { eventText } from '../../platform/core/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { paint, print } from './output.ts';

export async function run(options: GlobalOptions & { follow?: boolean; since?: number; output?: string }): Promise<void> {
  const { api } = await connect(options);
  const show = (entry: JournalEntry) =>
    print(options.output === 'json' ? JSON.stringify(entry) : `${paint('dim', entry.time.slice(11, 19))}  ${eventText(entry)}`);
  if (!options.follow) {
    for (const entry of await api.events(options.since ?? 0)) show(entry);
    return;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  for await (const entry of api.followEvents(options.since ?? 0, { signal: stop.signal })) show(entry);
}
