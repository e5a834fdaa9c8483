// Fills Secrets of type service-account-token for those who still use them, and removes them with their account.
import type { KubeObject } from '../../../kube/index.ts';
import { type ControllerHost, isNotFound, objectKey } from '../../controller-runtime/index.ts';

interface Secret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

const TOKEN_TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';
// Such tokens have no end in Kubernetes; the API gives out none without.
const TOKEN_SECONDS = 10 * 365 * 86_400;

export function runTokenController(host: ControllerHost, { rootCa }: { rootCa: string }): void {
  const secrets = host.caches.of<Secret>({ apiVersion: 'v1', kind: 'Secret' });
  const accounts = host.caches.of({ apiVersion: 'v1', kind: 'ServiceAccount' });
  const queue = host.queue({ name: 'tokens-controller', sync });

  secrets.onChange(next => next?.type === TOKEN_TYPE && queue.add(objectKey(next)));
  accounts.onChange((next, previous) => {
    const account = (next ?? previous) as KubeObject;
    for (const secret of secrets.list(account.metadata.namespace))
      if (secret.type === TOKEN_TYPE && secret.metadata.annotations?.[ACCOUNT_NAME] === account.metadata.name)
        queue.add(objectKey(secret));
  });

  async function sync(key: string): Promise<void> {
    const secret = secrets.getByKey(key);
    const name = secret?.metadata.annotations?.[ACCOUNT_NAME];
    if (!secret || !name || secret.metadata.deletionTimestamp) return;
    const { namespace = '', annotations, uid } = secret.metadata;
    const account = accounts.get(namespace, name);
    const boundTo = annotations?.[ACCOUNT_UID];
    if (!account || (boundTo && boundTo !== account.metadata.uid)) {
      // The account may have been made a moment ago.
      const live = await host.client.get({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name });
      if (!live || (boundTo && boundTo !== live.metadata.uid)) await secrets.delete(secret);
      return;
    }
    const encode = (text: string) => Buffer.from(text).toString('base64');
    const wanted = { 'ca.crt': encode(rootCa), namespace: encode(namespace) };
    const { data = {} } = secret;
    if (data['token'] && boundTo && data['ca.crt'] === wanted['ca.crt'] && data['namespace'] === wanted.namespace) return;
    const token =
      data['token'] ??
      encode(await requestToken({ namespace, name, secret: { name: secret.metadata.name ?? '', uid: uid ?? '' } }));
    try {
      await secrets.update({
        ...secret,
        metadata: { ...secret.metadata, annotations: { ...annotations, [ACCOUNT_UID]: account.metadata.uid ?? '' } },
        data: { ...data, ...wanted, token },
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function requestToken(request: {
    namespace: string;
    name: string;
    secret: { name: string; uid: string };
  }): Promise<string> {
    const { namespace, name, secret } = request;
    const answer = await host.client.raw<{ status: { token: string } }>(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${encodeURIComponent(name)}/token`,
      {
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds: TOKEN_SECONDS, boundObjectRef: { apiVersion: 'v1', kind: 'Secret', ...secret } },
        },
      },
    );
    return answer.status.token;
  }
}
