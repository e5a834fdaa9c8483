// Who signs service-account tokens, for programs that verify them: the issuer's metadata and its public keys.
import type { ApiParts } from '../api-parts.ts';
import { DEFAULT_AUDIENCE } from '../authentication/service-account-tokens.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';

/** Undefined for other paths. */
export async function serveIssuer(parts: ApiParts, { info, request }: RequestContext): Promise<ApiResponse | undefined> {
  if (info.path === '/.well-known/openid-configuration') {
    const document = {
      issuer: DEFAULT_AUDIENCE,
      jwks_uri: `https://${request.headers['host'] ?? '127.0.0.1'}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
  }
  if (info.path !== '/openid/v1/jwks') return undefined;
  const { exportJWK } = await import('jose');
  const { publicKey, keyId } = await parts.tokenKeys;
  const keys = [{ use: 'sig', alg: 'RS256', kid: keyId, ...(await exportJWK(publicKey)) }];
  return { status: 200, headers: { 'content-type': 'application/jwk-set+json' }, body: JSON.stringify({ keys }) };
}
