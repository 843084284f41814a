import { check, staticKeys as keysSchema } from '../schemas.js';
import type { Access } from './access.js';
import { unauthorizedError } from './auth-errors.js';
import { type JwtOptions, jwtVerifier } from './jwt.js';
import { type StaticKey, staticKeys } from './static-keys.js';

/** Who is let in: holders of tokens, of keys, or of either. One of the two is needed. */
export interface AuthOptions {
  readonly jwt?: JwtOptions;
  readonly keys?: readonly StaticKey[];
}

/** Takes the header `Authorization`; rejects with an `HttpError` (401, 503). */
export type Authenticate = (authorization: string | undefined) => Promise<Access>;

const BEARER = /^Bearer +([\x21-\x7e]+)$/i;
/** The one tenant of a server without authentication. */
const DEV_ACCESS: Access = { tenant: 'dev', collections: ['*'], write: true };

/** @param options undefined: everybody may do everything */
export function authenticator(options: AuthOptions | undefined): Authenticate {
  if (options === undefined) return async () => DEV_ACCESS;
  const verifyJwt = options.jwt && jwtVerifier(options.jwt);
  const findKey = options.keys && staticKeys(checkedKeys(options.keys));
  if (verifyJwt === undefined && findKey === undefined) {
    throw new Error(
      'There is no authentication: neither tokens nor keys are configured. Anybody could read and delete everything. Configure one, or use --dev on your own machine.',
    );
  }
  return async (authorization) => {
    const token = BEARER.exec(authorization ?? '')?.[1];
    if (token === undefined)
      throw unauthorizedError('there is none, in the header "Authorization: Bearer …"');
    const access = findKey?.(token) ?? (await verifyJwt?.(token));
    if (access === undefined) throw unauthorizedError('it is none of the keys');
    return access;
  };
}

function checkedKeys(keys: readonly StaticKey[]): readonly StaticKey[] {
  const { value, fault } = check(keysSchema, keys);
  if (fault === undefined) return value!;
  throw new Error(
    `The keys are not as they should be (${fault}). Give { key, tenant, collections, access } for each.`,
  );
}
