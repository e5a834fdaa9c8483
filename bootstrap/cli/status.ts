// `daruma status`: what runs on a home.
import type { PlatformStatus } from '../../platform/api/index.ts';
import { listing } from './apps.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { paint, print } from './output.ts';

export async function run(options: GlobalOptions & { json?: boolean; watch?: boolean }): Promise<void> {
  const { api } = await connect(options);
  const show = async (): Promise<void> => {
    const status = await api.status();
    if (options.json) return print(options.watch ? JSON.stringify(status) : JSON.stringify(status, null, 2));
    print(`${statusText(status)}\n\n${listing(await api.applications())}`);
  };
  await show();
  if (!options.watch) return;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const since = (await api.events()).at(-1)?.seq ?? 0;
  for await (const entry of api.followEvents(since, { signal: stop.signal })) {
    if (entry.type !== 'gitops.status') continue;
    if (process.stdout.isTTY && !options.json) process.stdout.write('\u001b[2J\u001b[H');
    await show();
  }
}

export function statusText(status: PlatformStatus): string {
  const rows: [string, string][] = [
    ['home', status.home],
    ['api', status.api],
    ['git', `${status.git.url}  ${status.git.repositories.join(', ')}`],
    ['registry', status.registry],
    ['ingress', `http://demo.dev.localhost:${status.ingress.port}`],
    ['kubeconfig', status.kubeconfig],
  ];
  const head = `${paint('bold', 'daruma')} ${status.name} · ${status.provider} · ${status.ready ? 'ready' : 'starting'} · pid ${status.pid}`;
  const simulated =
    status.simulatedPods.length > 0
      ? [`  simulated   ${status.simulatedPods.join(', ')} (no process: no runtime here can run their image)`]
      : [];
  return [head, ...rows.map(([name, value]) => `  ${paint('dim', name.padEnd(10))}  ${value}`), ...simulated].join('\n');
}
