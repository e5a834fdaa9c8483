// Answers in YAML, for clients that ask for it; the writer is loaded when first asked.
import { createRequire } from 'node:module';

type Stringify = (value: unknown, options?: object) => string;
let stringify: Stringify | undefined;

export function toYaml(value: unknown): string {
  stringify ??= (createRequire(import.meta.url)('yaml') as { stringify: Stringify }).stringify;
  // Through JSON, so that undefined fields are left out; sorted as sigs.k8s.io/yaml sorts.
  const text = stringify(JSON.parse(JSON.stringify(value)), {
    sortMapEntries: true,
    lineWidth: 0,
    version: '1.1',
    indentSeq: false,
    compat: 'yaml-1.1',
  });
  // Go's writer leaves a lone dot plain: the key that stands for a field itself in managedFields.
  return text.replaceAll(/^(\s*)"\.":/gm, '$1.:');
}
