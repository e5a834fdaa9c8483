// Tells a node's containerd where the registry's name leads: its address, the CA to trust and a credential that can only pull.
import { join } from 'node:path';
import { writeFileAtomic } from '../../platform/core/index.ts';
import type { HostRegistry } from './host-protocol.ts';

/**
 * Writes `NAME/hosts.toml` and `NAME/ca.crt` into a certs.d folder that nodes see at `seenAt`; containerd reads them at each pull.
 * Format: github.com/containerd/containerd docs/hosts.md.
 */
export async function writeRegistryHosts(
  folder: string,
  { name, url, ca, username, password }: HostRegistry & { ca: string },
  { seenAt = '/etc/containerd/certs.d' } = {},
): Promise<void> {
  await writeFileAtomic(join(folder, name, 'ca.crt'), ca);
  await writeFileAtomic(
    join(folder, name, 'hosts.toml'),
    hostsToml({ url, caPath: `${seenAt}/${name}/ca.crt`, credential: `${username}:${password}` }),
  );
}

export function hostsToml({ url, caPath, credential }: { url: string; caPath: string; credential: string }): string {
  const text = JSON.stringify;
  return [
    // Without it containerd would ask the name itself after a failure, and report that.
    `server = ${text(url)}`,
    '',
    `[host.${text(url)}]`,
    '  capabilities = ["pull", "resolve"]',
    `  ca = ${text(caPath)}`,
    `  [host.${text(url)}.header]`,
    `    Authorization = ${text(`Basic ${Buffer.from(credential).toString('base64')}`)}`,
    '',
  ].join('\n');
}
