// The key that signs service-account tokens (RS256, as every verifier of Kubernetes tokens expects).
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { readFileIfExists, writeFileAtomic } from '../../core/index.ts';

export interface TokenKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The key's name in token headers and in the published key set. */
  readonly keyId: string;
}

/** The signing key kept in `folder` (service-account.key, mode 0600), made at the first call. */
export async function loadTokenKeys(folder: string): Promise<TokenKeys> {
  const path = join(folder, 'service-account.key');
  let pem = await readFileIfExists(path);
  if (!pem) {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
    pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    await writeFileAtomic(path, pem);
  }
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, keyId: await calculateJwkThumbprint(await exportJWK(publicKey)) };
}
