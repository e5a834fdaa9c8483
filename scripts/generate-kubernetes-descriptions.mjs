// Generates platform/cluster/schema/generated/descriptions.json from the OpenAPI v3 documents of a running API server of the release:
//   node scripts/generate-kubernetes-descriptions.mjs KUBECONFIG
// One schema a line: `"SCHEMA": {"": its own description, "PROPERTY": the property's}`. The texts are Kubernetes' (Apache-2.0).

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [kubeconfig] = process.argv.slice(2);
if (!kubeconfig) throw new Error('usage: generate-kubernetes-descriptions.mjs KUBECONFIG');
const target = new URL('../platform/cluster/schema/generated/descriptions.json', import.meta.url).pathname;
const get = path =>
  JSON.parse(
    execFileSync('kubectl', ['--kubeconfig', kubeconfig, 'get', '--raw', path], { maxBuffer: 64_000_000, encoding: 'utf8' }),
  );

const found = new Map();
for (const name of Object.keys(get('/openapi/v3').paths)) {
  for (const [schema, { description, properties }] of Object.entries(get(`/openapi/v3/${name}`).components?.schemas ?? {})) {
    const texts = Object.entries(properties ?? {}).map(([property, value]) => [property, value.description]);
    const own = Object.fromEntries([['', description], ...texts].filter(([, text]) => text));
    if (Object.keys(own).length > 0) found.set(schema, own);
  }
}
const lines = [...found]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, own]) => `${JSON.stringify(name)}:${JSON.stringify(own)}`);
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`);
