import { createHash, timingSafeEqual } from 'node:crypto';
import { type Access, accessOf, type Claims } from './access.js';

/** A key that is sent as the bearer token, and what it allows. */
export interface StaticKey extends Claims {
  /** At least 32 characters. */
  readonly key: string;
}

const MIN_KEY_LENGTH = 32;

/** Compares with every key, by hashes, so that the time tells nothing. Keys are not kept. */
export function staticKeys(keys: readonly StaticKey[]): (token: string) => Access | undefined {
  const known = keys.map(({ key, ...claims }) => {
    if (key.length < MIN_KEY_LENGTH) {
      throw new Error(
        `A key of the tenant ${JSON.stringify(claims.tenant)} has ${key.length} characters. Short ones can be guessed. Take at least ${MIN_KEY_LENGTH} random ones.`,
      );
    }
    return { hash: sha256(key), access: accessOf(claims) };
  });
  return (token) => {
    const hash = sha256(token);
    let found: Access | undefined;
    for (const { hash: of, access } of known) if (timingSafeEqual(hash, of)) found = access;
    return found;
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
