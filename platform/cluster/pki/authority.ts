// A certificate authority of our own, so that TLS on loopback and client certificates need no tool and no purchase.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { DarumaError, readFileIfExists, writeFileAtomic } from '../../core/index.ts';

/** PEM texts. */
export interface IssuedCertificate {
  certificate: string;
  key: string;
}

export interface Authority {
  /** The CA's certificate in PEM: what clients must trust. */
  readonly certificate: string;
  /** A certificate for a server under these DNS names and IP addresses. */
  issueServerCertificate(names: readonly string[]): Promise<IssuedCertificate>;
  /** A certificate that authenticates `user` (CN) in `groups` (O) at the API server. */
  issueClientCertificate(user: string, groups: readonly string[]): Promise<IssuedCertificate>;
}

const KEYS = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const YEAR_MS = 365 * 24 * 3600 * 1000;
// Certificates are valid a little earlier than now, for clocks that differ.
const SKEW_MS = 5 * 60 * 1000;
const crypto = webcrypto;
type CryptoKey = webcrypto.CryptoKey;

async function pemOf(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

const validity = (years: number) => ({
  notBefore: new Date(Date.now() - SKEW_MS),
  notAfter: new Date(Date.now() + years * YEAR_MS),
});

class LocalAuthority implements Authority {
  readonly certificate: string;
  readonly #issuer: x509.X509Certificate;
  readonly #signingKey: CryptoKey;

  constructor(issuer: x509.X509Certificate, signingKey: CryptoKey) {
    this.#issuer = issuer;
    this.#signingKey = signingKey;
    this.certificate = `${issuer.toString('pem')}\n`;
  }

  issueServerCertificate(names: readonly string[]): Promise<IssuedCertificate> {
    const alternatives = names.map(name => ({ type: isIP(name) ? ('ip' as const) : ('dns' as const), value: name }));
    return this.#issue([{ CN: [names[0] ?? 'localhost'] }], x509.ExtendedKeyUsage.serverAuth, [
      new x509.SubjectAlternativeNameExtension(alternatives),
    ]);
  }

  issueClientCertificate(user: string, groups: readonly string[]): Promise<IssuedCertificate> {
    return this.#issue([...groups.map(group => ({ O: [group] })), { CN: [user] }], x509.ExtendedKeyUsage.clientAuth, []);
  }

  async #issue(subject: x509.JsonName, usage: x509.ExtendedKeyUsage, extensions: x509.Extension[]): Promise<IssuedCertificate> {
    const keys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: new x509.Name(subject).toString(),
      issuer: this.#issuer.subject,
      ...validity(5),
      signingAlgorithm: SIGNATURE,
      publicKey: keys.publicKey,
      signingKey: this.#signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...extensions,
      ],
    });
    return { certificate: `${certificate.toString('pem')}\n`, key: `${await pemOf(keys.privateKey)}\n` };
  }
}

async function generate(folder: string): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify']);
  const issuer = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=daruma-ca',
    ...validity(10),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeFileAtomic(join(folder, 'ca.key'), await pemOf(keys.privateKey));
  await writeFileAtomic(join(folder, 'ca.crt'), `${issuer.toString('pem')}\n`);
  return new LocalAuthority(issuer, keys.privateKey);
}

/** The authority kept in `folder` (ca.crt, ca.key, mode 0600), made at the first call. @throws DarumaError INVALID_INPUT when the files are damaged. */
export async function createAuthority(folder: string): Promise<Authority> {
  x509.cryptoProvider.set(crypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const [certificate, key] = await Promise.all([
    readFileIfExists(join(folder, 'ca.crt')),
    readFileIfExists(join(folder, 'ca.key')),
  ]);
  // The certificate is written last: without it the key was never used.
  if (!certificate || !key) return generate(folder);
  try {
    const [der] = x509.PemConverter.decode(key);
    if (!der) throw new Error('there is no key in ca.key');
    const signingKey = await crypto.subtle.importKey('pkcs8', der, KEYS, true, ['sign']);
    return new LocalAuthority(new x509.X509Certificate(certificate), signingKey);
  } catch (cause) {
    throw new DarumaError('INVALID_INPUT', `the certificate authority in ${folder} is damaged`, {
      hint: 'remove ca.crt and ca.key there; clients get new credentials at the next start',
      cause,
    });
  }
}
