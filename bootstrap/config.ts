// What an instance remembers between starts: its name, provider and ports, and which parts of its first start are done.
import { join } from 'node:path';
import envPaths from 'env-paths';
import { DarumaError, type HomePaths, readFileIfExists, writeFileAtomic } from '../platform/core/index.ts';
import type { Ports } from './ports.ts';

export type ProviderName = 'embedded' | 'kind' | 'minikube';

export interface PlatformConfig {
  version: 1;
  name: string;
  provider: ProviderName;
  ports: Ports;
  /** Options of the provider, as they were given at the first start: `image` for kind, say. */
  providerOptions: Record<string, string>;
  /** All three environments have been deployed once. */
  initialised: boolean;
}

/** The home folder: `--home`, else DARUMA_HOME, else the user's data folder and the instance's name. */
export function homeFolder({ home, name = 'local' }: { home?: string | undefined; name?: string | undefined }): string {
  if (home === '') throw new DarumaError('USAGE', '--home needs a folder');
  if (!/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) {
    throw new DarumaError('USAGE', `the name ${JSON.stringify(name)} cannot be used`, {
      hint: 'use lower-case letters, digits and dashes, at most 32',
    });
  }
  return home ?? (process.env['DARUMA_HOME'] || join(envPaths('daruma', { suffix: '' }).data, name));
}

export async function readConfig(paths: HomePaths): Promise<PlatformConfig | undefined> {
  const text = await readFileIfExists(paths.config);
  if (text === undefined) return undefined;
  try {
    const config = JSON.parse(text) as PlatformConfig;
    if (config.version === 1) return config;
  } catch (error) {
    throw new DarumaError('STORE_DAMAGED', `${paths.config} is not JSON`, {
      hint: 'daruma down --purge starts over',
      cause: error,
    });
  }
  throw new DarumaError('STORE_DAMAGED', `${paths.config} was written by a newer daruma`, {
    hint: 'use that version, or another --home',
  });
}

export async function writeConfig(paths: HomePaths, config: PlatformConfig): Promise<void> {
  await writeFileAtomic(paths.config, `${JSON.stringify(config, null, 2)}\n`);
}
