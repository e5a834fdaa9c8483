// Makes platform/cluster/kinds/generated/resources.json (names, verbs, subresources, table columns of every built-in)
// from a real API server's discovery documents and table headers. Usage: node scripts/generate-kinds.mjs FOLDER
// where FOLDER holds discovery.json ({api, apis}: aggregated discovery) and tables.json ("GROUP/VERSION/RESOURCE": columns).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
if (!folder) throw new Error('usage: node scripts/generate-kinds.mjs FOLDER');
const read = name => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const { api, apis } = read('discovery.json');
const tables = read('tables.json');

const lines = [];
for (const group of [...api.items, ...apis.items]) {
  const groupName = group.metadata.name ?? '';
  for (const { version, resources } of group.versions) {
    for (const resource of resources) {
      const key = [...(groupName ? [groupName] : []), version, resource.resource].join('/');
      lines.push(
        JSON.stringify({
          group: groupName,
          version,
          resource: resource.resource,
          kind: resource.responseKind.kind,
          singular: resource.singularResource,
          namespaced: resource.scope === 'Namespaced',
          shortNames: resource.shortNames ?? [],
          categories: resource.categories ?? [],
          verbs: resource.verbs,
          subresources: (resource.subresources ?? []).map(sub => ({
            name: sub.subresource,
            group: sub.responseKind?.version ? sub.responseKind.group : groupName,
            version: sub.responseKind?.version || version,
            kind: sub.responseKind?.kind,
            verbs: sub.verbs,
          })),
          columns: (tables[key] ?? []).map(column => [column.name, column.type, column.format, column.priority]),
        }),
      );
    }
  }
}
const target = new URL('../platform/cluster/kinds/generated/resources.json', import.meta.url);
writeFileSync(target, `[\n${lines.join(',\n')}\n]\n`);
