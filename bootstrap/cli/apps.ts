// `daruma apps`: the applications, or one with its resources.
import type { ApplicationView, ResourceView } from '../../platform/api/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { ago, eyes, paint, print, printJson, short, table } from './output.ts';

export async function run(options: GlobalOptions & { output?: string }, name?: string | string[]): Promise<void> {
  const { api } = await connect(options);
  if (typeof name !== 'string') {
    const applications = await api.applications();
    return options.output === 'json' ? printJson(applications) : print(listing(applications));
  }
  const [application, resources] = [await api.application(name), await api.resources(name)];
  if (options.output === 'json') return printJson({ ...application, resources });
  print(listing([application]));
  print(`\nsource    ${application.source.repoURL} ${application.source.path} at ${application.source.targetRevision}`);
  print(`images    ${application.images.join(', ') || '-'}`);
  for (const { type, message } of application.conditions) print(`${paint('red', type)}  ${message}`);
  print('');
  for (const resource of resources) printTree(resource, '');
}

export function listing(applications: ApplicationView[]): string {
  const rows = applications.map(app => [
    eyes(app),
    app.name,
    app.sync,
    app.health,
    app.replicas.wanted > 0 ? `${app.replicas.ready}/${app.replicas.wanted}` : '-',
    short(app.revision),
    app.behind > 0 ? `${app.behind} behind` : '',
    ago(app.syncedAt),
    app.message,
  ]);
  return table(['', 'NAME', 'SYNC', 'HEALTH', 'READY', 'REVISION', '', 'SYNCED', 'MESSAGE'], rows);
}

function printTree(resource: ResourceView, indent: string): void {
  const state = [resource.sync, resource.health].filter(Boolean).join(', ');
  print(
    `${indent}${resource.kind}/${resource.name}${state ? `  ${paint('dim', state)}` : ''}${resource.message ? `  ${resource.message}` : ''}`,
  );
  for (const child of resource.children) printTree(child, `${indent}  `);
}
