// Who asks: a trusted caller of this process, a client certificate, a bearer token, or nobody.
import type { ApiRequest, UserInfo } from '../request-context.ts';
import { unauthorized } from '../status-error.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { StaticToken } from './static-tokens.ts';

const AUTHENTICATED = 'system:authenticated';
const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

const withAuthenticated = (groups: readonly string[]): string[] =>
  groups.includes(AUTHENTICATED) ? [...groups] : [...groups, AUTHENTICATED];

export class Authenticator {
  readonly #static: ReadonlyMap<string, StaticToken>;
  readonly #serviceAccounts: ServiceAccountTokens;

  constructor(tokens: readonly StaticToken[], serviceAccounts: ServiceAccountTokens) {
    this.#static = new Map(tokens.map(token => [token.token, token]));
    this.#serviceAccounts = serviceAccounts;
  }

  /** @throws StatusError 401 for a bearer token that is none of ours */
  async authenticate(request: ApiRequest): Promise<UserInfo> {
    if (request.trustedUser) return { ...request.trustedUser, groups: withAuthenticated(request.trustedUser.groups) };
    const certificate = request.clientCertificate;
    if (certificate) return { name: certificate.name, groups: withAuthenticated(certificate.groups) };
    const token = bearerToken(request.headers);
    if (token === undefined) return ANONYMOUS;
    const found = await this.userOfToken(token);
    if (!found) throw unauthorized();
    return found.user;
  }

  /** The user behind a token that is valid for one of `audiences` (default: this API), or undefined. */
  async userOfToken(token: string, audiences?: readonly string[]): Promise<{ user: UserInfo; audiences: string[] } | undefined> {
    const known = this.#static.get(token);
    if (known) {
      const user: UserInfo = {
        name: known.user,
        groups: withAuthenticated(known.groups),
        ...(known.uid ? { uid: known.uid } : {}),
      };
      return { user, audiences: [...(audiences ?? [])] };
    }
    const verified = await this.#serviceAccounts.verify(token, audiences);
    return (
      verified && { user: { ...verified.user, groups: withAuthenticated(verified.user.groups) }, audiences: verified.audiences }
    );
  }
}

function bearerToken(headers: ApiRequest['headers']): string | undefined {
  const match = /^Bearer +(\S*)$/i.exec((headers['authorization'] ?? '').trim());
  if (match) return match[1] === '' ? undefined : match[1];
  // Browsers can't set headers on WebSockets: kube-apiserver takes the token from the subprotocols.
  const protocol = /base64url\.bearer\.authorization\.k8s\.io\.([\w-]+)/.exec(headers['sec-websocket-protocol'] ?? '');
  return protocol ? Buffer.from(protocol[1] as string, 'base64url').toString() : undefined;
}
