// The door of the certificates: one authority per data folder, what it issues, and the key that signs service-account tokens.
export { type Authority, createAuthority, type IssuedCertificate } from './authority.ts';
export { loadTokenKeys, type TokenKeys } from './token-keys.ts';
