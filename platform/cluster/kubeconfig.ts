// The kubeconfig of a cluster's administrator: a client certificate and the CA, in one file.
import type { Authority } from './pki/index.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** JSON, which every reader of YAML reads. */
export async function adminKubeconfig(server: string, authority: Authority): Promise<string> {
  const { certificate, key } = await authority.issueClientCertificate('kubernetes-admin', ['system:masters']);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'daruma',
    clusters: [{ name: 'daruma', cluster: { server, 'certificate-authority-data': base64(authority.certificate) } }],
    users: [{ name: 'daruma', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'daruma', context: { cluster: 'daruma', user: 'daruma' } }],
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
