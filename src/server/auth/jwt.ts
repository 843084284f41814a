import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { check, claims } from '../schemas.js';
import { type Access, accessOf } from './access.js';
import { keysUnavailableError, unauthorizedError } from './auth-errors.js';

/** How tokens (JWT) are verified. `exp` and the claims `tenant`, `collections` and `access` are needed in each. */
export interface JwtOptions {
  /** One of the three. A secret of at least 32 bytes, shared with whoever makes the tokens; */
  readonly secret?: string;
  /** the URL of the issuer's public keys; */
  readonly jwksUrl?: string;
  /** or the keys. */
  readonly jwks?: JSONWebKeySet;
  /** Default: HS256 for a secret; RS256, PS256, ES256 and EdDSA for public keys. */
  readonly algorithms?: readonly string[];
  /** What the claim `iss` has to be. */
  readonly issuer: string;
  /** What the claim `aud` has to be, or to contain. */
  readonly audience: string;
}

const MIN_SECRET_BYTES = 32;
/** Node takes 16 KiB of headers. */
const MAX_TOKEN_LENGTH = 8_192;
/** Between the clocks of the issuer and of this server. */
const CLOCK_TOLERANCE_S = 5;

const SYMMETRIC = ['HS256', 'HS384', 'HS512'];
const ASYMMETRIC = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const DEFAULT_ASYMMETRIC = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Throws where the options would let anything but signed tokens of this issuer in. */
export function jwtVerifier(options: JwtOptions): (token: string) => Promise<Access> {
  const { issuer, audience } = options;
  if (!issuer || !audience) {
    throw new Error(
      'Tokens need an issuer and an audience: others that the same key has signed would be taken, too. Set both.',
    );
  }
  const getKey = keysOf(options);
  const algorithms = algorithmsOf(options);
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) throw unauthorizedError('it is too long');
    const { payload } = await jwtVerify(token, getKey, {
      algorithms,
      issuer,
      audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
    }).catch((error: unknown) => {
      throw error instanceof KeysUnavailable ? keysUnavailableError(error.cause) : refusedBecause(error);
    });
    const { value, fault } = check(claims, payload);
    if (fault !== undefined)
      throw unauthorizedError(`its claims are not as this server reads them: ${fault}`);
    return { ...accessOf(value!), expiresAt: payload.exp! * 1_000 };
  };
}

function algorithmsOf({ secret, algorithms }: JwtOptions): string[] {
  const allowed = secret === undefined ? ASYMMETRIC : SYMMETRIC;
  const chosen = algorithms ?? (secret === undefined ? DEFAULT_ASYMMETRIC : ['HS256']);
  const wrong = chosen.filter((name) => !allowed.includes(name));
  if (wrong.length === 0 && chosen.length > 0) return [...chosen];
  throw new Error(
    `Tokens cannot be signed by ${wrong.join(', ') || 'no algorithm'} here: ` +
      `${secret === undefined ? 'public keys' : 'a shared secret'} can verify ${allowed.join(', ')} alone.`,
  );
}

class KeysUnavailable extends Error {}

/** The key for a token's header, whatever that says; who cannot have the issuer's keys does not blame the token. */
function keysOf({ secret, jwksUrl, jwks }: JwtOptions): JWTVerifyGetKey {
  if ([secret, jwksUrl, jwks].filter((given) => given !== undefined).length !== 1)
    throw new Error('Tokens are verified by one of: a secret, the URL of public keys, public keys. Set one.');
  if (secret !== undefined) {
    const key = new TextEncoder().encode(secret);
    if (key.length >= MIN_SECRET_BYTES) return async () => key;
    throw new Error(
      `The secret has ${key.length} bytes. Shorter ones than ${MIN_SECRET_BYTES} can be guessed from one token. Take a random one.`,
    );
  }
  if (jwks !== undefined) return createLocalJWKSet(jwks);
  const remote = createRemoteJWKSet(new URL(jwksUrl!));
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (isTokensFault(error)) throw error;
      throw new KeysUnavailable('The issuer does not give its keys.', { cause: error });
    }
  };
}

function isTokensFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** Told to whoever has the token. What depends on its contents comes after its signature was verified. */
function refusedBecause(error: unknown) {
  if (error instanceof errors.JWTExpired) return unauthorizedError('it has expired', error);
  if (error instanceof errors.JWTClaimValidationFailed)
    return unauthorizedError(
      `its claim ${JSON.stringify(error.claim)} is not as this server wants it`,
      error,
    );
  return unauthorizedError('it is none that this server can verify', error);
}
