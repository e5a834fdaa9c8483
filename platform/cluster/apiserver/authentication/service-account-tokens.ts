// Service-account tokens: signed for TokenRequests and Secrets, verified against the objects that they are bound to.
import { randomUUID } from 'node:crypto';
import type { TokenKeys } from '../../pki/index.ts';
import type { Store } from '../../store/index.ts';
import type { UserInfo } from '../request-context.ts';

export const DEFAULT_AUDIENCE = 'https://kubernetes.default.svc.cluster.local';
const ISSUER = DEFAULT_AUDIENCE;
const LEGACY_ISSUER = 'kubernetes/serviceaccount';
const EXTRA = 'authentication.kubernetes.io';

export interface BoundObject {
  kind: string;
  name: string;
  uid: string;
}

interface Claims {
  iss?: string;
  sub?: string;
  aud?: string | string[];
  jti?: string;
  'kubernetes.io'?: {
    namespace: string;
    serviceaccount: { name: string; uid: string };
    pod?: { name: string; uid: string };
    secret?: { name: string; uid: string };
    node?: { name: string; uid: string };
  };
  'kubernetes.io/serviceaccount/namespace'?: string;
  'kubernetes.io/serviceaccount/service-account.name'?: string;
  'kubernetes.io/serviceaccount/service-account.uid'?: string;
  'kubernetes.io/serviceaccount/secret.name'?: string;
}

interface Account {
  namespace: string;
  name: string;
  uid: string;
}

const BOUND_COLLECTIONS: Record<string, string> = { Pod: '/pods', Secret: '/secrets', Node: '/nodes' };

export class ServiceAccountTokens {
  readonly #store: Store;
  readonly #keys: Promise<TokenKeys>;

  constructor(store: Store, keys: Promise<TokenKeys>) {
    this.#store = store;
    this.#keys = keys;
  }

  /** Signs a token for an account. */
  async issue(
    account: Account,
    { audiences, expires, now, bound }: { audiences: readonly string[]; expires: Date; now: Date; bound?: BoundObject },
  ): Promise<string> {
    const { SignJWT } = await import('jose');
    const { privateKey, keyId } = await this.#keys;
    const claims = {
      'kubernetes.io': {
        namespace: account.namespace,
        serviceaccount: { name: account.name, uid: account.uid },
        ...(bound ? { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } } : {}),
      },
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: keyId })
      .setIssuer(ISSUER)
      .setSubject(`system:serviceaccount:${account.namespace}:${account.name}`)
      .setAudience([...audiences])
      .setJti(randomUUID())
      .setIssuedAt(seconds(now))
      .setNotBefore(seconds(now))
      .setExpirationTime(seconds(expires))
      .sign(privateKey);
  }

  /** The account behind a token, if the token is ours, in time, for one of the audiences, and what it is bound to still exists. */
  async verify(
    token: string,
    audiences: readonly string[] = [DEFAULT_AUDIENCE],
  ): Promise<{ user: UserInfo; audiences: string[] } | undefined> {
    if (token.split('.').length !== 3) return undefined;
    const { jwtVerify } = await import('jose');
    const { publicKey } = await this.#keys;
    let claims: Claims;
    try {
      claims = (await jwtVerify(token, publicKey, { algorithms: ['RS256'] })).payload as Claims;
    } catch {
      return undefined;
    }
    return claims.iss === LEGACY_ISSUER ? this.#legacy(claims) : this.#bound(claims, audiences);
  }

  #bound(claims: Claims, audiences: readonly string[]): { user: UserInfo; audiences: string[] } | undefined {
    const own = claims['kubernetes.io'];
    if (claims.iss !== ISSUER || !own) return undefined;
    const given = Array.isArray(claims.aud) ? claims.aud : [claims.aud ?? ''];
    const matching = audiences.filter(audience => given.includes(audience));
    if (matching.length === 0) return undefined;
    const { namespace, serviceaccount, pod, secret, node } = own;
    if (!this.#exists('/serviceaccounts', namespace, serviceaccount)) return undefined;
    const extra: Record<string, string[]> = {};
    if (claims.jti) extra[`${EXTRA}/credential-id`] = [`JTI=${claims.jti}`];
    if (secret && !this.#exists('/secrets', namespace, secret)) return undefined;
    if (pod) {
      if (!this.#exists('/pods', namespace, pod)) return undefined;
      extra[`${EXTRA}/pod-name`] = [pod.name];
      extra[`${EXTRA}/pod-uid`] = [pod.uid];
    }
    if (node) {
      if (!pod && !this.#exists('/nodes', '', node)) return undefined;
      extra[`${EXTRA}/node-name`] = [node.name];
      extra[`${EXTRA}/node-uid`] = [node.uid];
    }
    return { user: { ...accountUser({ namespace, ...serviceaccount }), extra }, audiences: matching };
  }

  #legacy(claims: Claims): { user: UserInfo; audiences: string[] } | undefined {
    const namespace = claims['kubernetes.io/serviceaccount/namespace'] ?? '';
    const name = claims['kubernetes.io/serviceaccount/service-account.name'] ?? '';
    const uid = claims['kubernetes.io/serviceaccount/service-account.uid'] ?? '';
    const secret = claims['kubernetes.io/serviceaccount/secret.name'] ?? '';
    if (!this.#exists('/serviceaccounts', namespace, { name, uid })) return undefined;
    if (!this.#store.get({ collection: '/secrets', namespace, name: secret })) return undefined;
    return { user: accountUser({ namespace, name, uid }), audiences: [DEFAULT_AUDIENCE] };
  }

  #exists(collection: string, namespace: string, { name, uid }: { name: string; uid: string }): boolean {
    const record = this.#store.get({ collection, namespace, name });
    return record !== undefined && record.object.metadata['uid'] === uid && !gone(record.object.metadata['deletionTimestamp']);
  }

  /** The collection of an object that a token may be bound to. */
  static collectionOf(kind: string): string | undefined {
    return BOUND_COLLECTIONS[kind];
  }
}

const gone = (deletionTimestamp: unknown): boolean =>
  typeof deletionTimestamp === 'string' && Date.parse(deletionTimestamp) + 60_000 < Date.now();

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);

function accountUser({ namespace, name, uid }: Account): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  };
}
