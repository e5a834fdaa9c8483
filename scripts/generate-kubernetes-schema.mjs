// Generates platform/cluster/schema/generated from the schema facts of a Kubernetes release.
//   node scripts/generate-kubernetes-schema.mjs FACTS_FOLDER GO_MODULES_FOLDER
// FACTS_FOLDER: openapi.json, discovery.json, tables.json, protobuf.json, read from a running API server.
// GO_MODULES_FOLDER: a module cache's k8s.io folder with api, apimachinery, apiextensions-apiserver and kube-aggregator of the
// same release (`go mod download k8s.io/api@v0.34.4` …). OpenAPI does not tell pointers, omitempty, field order and Go names,
// which decide what a round trip through a typed Go server keeps and how its errors read: those facts come from the type files.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const [facts, modules] = process.argv.slice(2);
if (!facts || !modules) {
  console.error('usage: node scripts/generate-kubernetes-schema.mjs FACTS_FOLDER GO_MODULES_FOLDER');
  process.exit(2);
}
const target = new URL('../platform/cluster/schema/generated/', import.meta.url).pathname;
await mkdir(target, { recursive: true });

const read = async name => JSON.parse(await readFile(join(facts, name), 'utf8'));
const [openapi, discovery, tables, protobuf] = await Promise.all(
  ['openapi.json', 'discovery.json', 'tables.json', 'protobuf.json'].map(read),
);
const components = openapi.components.schemas;

/** One entry a line, so that a new release gives a readable diff. */
async function writeMap(name, map) {
  const lines = Object.keys(map)
    .sort()
    .map(key => `${JSON.stringify(key)}:${JSON.stringify(map[key])}`);
  await writeFile(join(target, name), `{\n${lines.join(',\n')}\n}\n`);
}

await writeMap('openapi.json', components);
await writeMap('discovery.json', discovery);
await writeMap('tables.json', tables);
await writeMap('protobuf.json', reachableMessages());
await writeMap('structs.json', await goStructs());

/** The messages that some served kind needs; older versions that this release no longer serves are left out. */
function reachableMessages() {
  const wanted = Object.keys(components).map(messageName);
  wanted.push('k8s.io.apimachinery.pkg.runtime.Unknown', 'k8s.io.apimachinery.pkg.runtime.TypeMeta');
  const reached = {};
  while (wanted.length > 0) {
    const name = wanted.pop();
    if (reached[name] || !protobuf[name]) continue;
    reached[name] = protobuf[name];
    for (const field of protobuf[name]) if (field[2].includes('.')) wanted.push(field[2]);
  }
  return reached;
}

function messageName(component) {
  return component
    .replace(/^io\.k8s\./, 'k8s.io.')
    .replace('apiextensions-apiserver', 'apiextensions_apiserver')
    .replace('kube-aggregator', 'kube_aggregator');
}

/** Struct fields by component name: `json-name` + `*` (pointer) + `?` (omitempty) + `0` (omitzero) + ` ` + Go type, or `>COMPONENT` for an inlined struct. */
async function goStructs() {
  const roots = [
    ['api', 'io.k8s.api.'],
    ['apimachinery', 'io.k8s.apimachinery.pkg.', 'pkg/'],
    ['apiextensions-apiserver', 'io.k8s.apiextensions-apiserver.pkg.', 'pkg/'],
    ['kube-aggregator', 'io.k8s.kube-aggregator.pkg.', 'pkg/'],
  ];
  const all = {};
  const folders = await readdir(modules);
  for (const [module, prefix, within = ''] of roots) {
    const folder = folders.find(name => name.startsWith(`${module}@`));
    if (!folder) throw new Error(`no folder of the module k8s.io/${module} in ${modules}`);
    const root = join(modules, folder, within);
    const files = (await readdir(root, { recursive: true })).filter(
      name => /\/types[a-z_]*\.go$/.test(name) && !/swagger|_test/.test(name),
    );
    for (const file of files.sort()) {
      const source = await readFile(join(root, file), 'utf8');
      const packagePath = prefix + dirname(file).replaceAll('/', '.');
      Object.assign(all, structsOf(source, packagePath));
    }
  }
  // Only the structs that a served kind reaches, and those inlined into them.
  const kept = {};
  const wanted = Object.keys(components);
  while (wanted.length > 0) {
    const name = wanted.pop();
    if (kept[name] || !all[name]) continue;
    kept[name] = all[name];
    for (const field of all[name]) if (field.startsWith('>')) wanted.push(field.slice(1));
  }
  return kept;
}

function structsOf(source, packagePath) {
  const packageName = packagePath.split('.').at(-1);
  const imports = {};
  for (const [, alias, path] of source.matchAll(/^\s+(?:(\w+)\s+)?"(k8s\.io\/[^"]+)"$/gm)) {
    const last = path.split('/').at(-1);
    imports[alias ?? last] = { name: last, path: `io.${path.replaceAll('/', '.')}`.replace(/^io\.k8s\.io/, 'io.k8s') };
  }
  const structs = {};
  for (const [, name, body] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const fields = [];
    for (const line of body.split('\n')) {
      const match = /^\s+(?:(\w+)\s+)?(\S+)\s+`.*?json:"([^"]*)"/.exec(line);
      if (!match) continue;
      const [, , type, tag] = match;
      const [json, ...options] = tag.split(',');
      if (json === '-') continue;
      const bare = type.replace(/^\*/, '');
      if (options.includes('inline') || json === '') {
        const [alias, local] = bare.includes('.') ? bare.split('.') : [undefined, bare];
        if (local === 'TypeMeta') fields.push('kind? string', 'apiVersion? string');
        else fields.push(`>${alias ? imports[alias]?.path : packagePath}.${local}`);
        continue;
      }
      const flags =
        (type.startsWith('*') ? '*' : '') +
        (options.includes('omitempty') ? '?' : '') +
        (options.includes('omitzero') ? '0' : '');
      fields.push(`${json}${flags} ${qualified(bare, packageName, imports)}`);
    }
    structs[`${packagePath}.${name}`] = fields;
  }
  return structs;
}

/** A Go type as reflection prints it: local names with their package, imported ones with the package's own name. */
function qualified(type, packageName, imports) {
  return type.replace(/(\w+\.)?([A-Za-z]\w*)/g, (whole, alias, name) => {
    if (alias) return `${imports[alias.slice(0, -1)]?.name ?? alias.slice(0, -1)}.${name}`;
    return /^(map|string|bool|byte|u?int(8|16|32|64)?|float(32|64)|interface|any)$/.test(whole)
      ? whole
      : `${packageName}.${name}`;
  });
}

console.log(`written to ${relative(process.cwd(), target)}`);
