import { createHmac } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose';
import { AUDIENCE, ISSUER, SECRET } from '../test-server.contract.js';

// Tokens that no server may take, and some that it has to.

const key = new TextEncoder().encode(SECRET);
const GOOD = { tenant: 'acme', collections: ['*'], access: 'write' };

interface Change {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: object;
  readonly secret?: string;
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const allClaims = () => ({ iss: ISSUER, aud: AUDIENCE, exp: inSeconds(3_600), ...GOOD });

/** Signed by hand, since libraries refuse to make most of these. */
function hs256({ header = {}, claims = {}, secret = SECRET }: Change = {}): string {
  return handSigned({ alg: 'HS256', ...header }, { ...allClaims(), ...claims }, secret);
}

function handSigned(header: object, claims: unknown, secret: string, hash = 'sha256'): string {
  const body = `${base64(header)}.${base64(claims)}`;
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
}

const none = (alg: string, signature = '') => `${base64({ alg })}.${base64(allClaims())}.${signature}`;

/** For a server with a shared secret. */
export const SYMMETRIC_CASES: Record<string, () => string> = {
  'alg none': () => none('none'),
  'alg None': () => none('None'),
  'alg NONE with a signature': () => none('NONE', hs256().split('.')[2]),
  'alg none in the header of a signed one': () =>
    `${base64({ alg: 'none' })}.${hs256().split('.').slice(1).join('.')}`,
  'no alg': () => handSigned({ typ: 'JWT' }, allClaims(), SECRET),
  'another secret': () => hs256({ secret: `${SECRET}!` }),
  'an empty secret': () => hs256({ secret: '' }),
  'no signature': () => `${hs256().split('.').slice(0, 2).join('.')}.`,
  'a signature that lacks a byte': () => hs256().slice(0, -2),
  'the signature of other claims': () => {
    const [head, , signature] = hs256().split('.');
    return `${head}.${base64({ ...allClaims(), tenant: 'other' })}.${signature}`;
  },
  'HS512 by the same secret': () => handSigned({ alg: 'HS512' }, allClaims(), SECRET, 'sha512'),
  'two parts': () => hs256().split('.').slice(0, 2).join('.'),
  'four parts': () => `${hs256()}.x`,
  'five parts, as if encrypted': () => `${base64({ alg: 'dir', enc: 'A256GCM' })}..x.x.x`,
  'no base64': () => hs256().replace(/^./, '%'),
  'a header that is no JSON': () => `${base64('{alg:HS256}')}.${hs256().split('.').slice(1).join('.')}`,
  'claims that are no object': () => handSigned({ alg: 'HS256' }, [allClaims()], SECRET),
  'claims that are empty': () => handSigned({ alg: 'HS256' }, {}, SECRET),
  'a header with what it does not know, but has to (crit)': () =>
    hs256({ header: { crit: ['x'], x: 1 } as object }),
  'an unencoded payload (b64)': () => hs256({ header: { crit: ['b64'], b64: false } as object }),
  'a key of its own (jwk)': () =>
    handSigned({ alg: 'HS256', jwk: { kty: 'oct', k: base64('x'.repeat(32)) } }, allClaims(), 'x'.repeat(32)),
  'more than 8 KiB': () => hs256({ claims: { padding: 'x'.repeat(7_000) } }),
  expired: () => hs256({ claims: { exp: inSeconds(-60) } }),
  'not valid yet': () => hs256({ claims: { nbf: inSeconds(60) } }),
  'no exp': () => hs256({ claims: { exp: undefined } }),
  'an exp that is a string': () => hs256({ claims: { exp: String(inSeconds(3_600)) } }),
  'an exp that is no number': () => hs256({ claims: { exp: null } }),
  'another issuer': () => hs256({ claims: { iss: 'https://evil.example' } }),
  'an issuer that begins alike': () => hs256({ claims: { iss: `${ISSUER}.evil.example` } }),
  'no issuer': () => hs256({ claims: { iss: undefined } }),
  'another audience': () => hs256({ claims: { aud: 'other' } }),
  'no audience': () => hs256({ claims: { aud: undefined } }),
  'audiences without ours': () => hs256({ claims: { aud: ['a', 'b'] } }),
  'no tenant': () => hs256({ claims: { tenant: undefined } }),
  'an empty tenant': () => hs256({ claims: { tenant: '' } }),
  'a tenant that is a number': () => hs256({ claims: { tenant: 1 } }),
  'a tenant that is an array': () => hs256({ claims: { tenant: ['acme'] } }),
  'a tenant with half of a surrogate pair': () => hs256({ claims: { tenant: 'a\ud800' } }),
  'a tenant of 257 characters': () => hs256({ claims: { tenant: 'x'.repeat(257) } }),
  'no collections': () => hs256({ claims: { collections: undefined } }),
  'an empty list of collections': () => hs256({ claims: { collections: [] } }),
  'collections that are a string': () => hs256({ claims: { collections: '*' } }),
  'a * that is no suffix': () => hs256({ claims: { collections: ['*/col'] } }),
  'a * in the middle': () => hs256({ claims: { collections: ['st/*l'] } }),
  'two *': () => hs256({ claims: { collections: ['**'] } }),
  'a pattern with dots for parents': () => hs256({ claims: { collections: ['../*'] } }),
  'a store alone': () => hs256({ claims: { collections: ['st'] } }),
  'one bad pattern beside a good one': () => hs256({ claims: { collections: ['*', 'a/b/c'] } }),
  'no access': () => hs256({ claims: { access: undefined } }),
  'an unknown access': () => hs256({ claims: { access: 'admin' } }),
  'no kind of access': () => hs256({ claims: { access: [] } }),
  'an unknown access beside a known': () => hs256({ claims: { access: ['write', 'root'] } }),
};

/** For a server with public keys: an RSA one (`rsa`) and an elliptic one (`ec`). */
export async function asymmetricCases() {
  const rsa = await generateKeyPair('RS256', { extractable: true });
  const ec = await generateKeyPair('ES256', { extractable: true });
  const foreign = await generateKeyPair('RS256', { extractable: true });
  const rsaJwk = await exportJWK(rsa.publicKey);
  const jwks = {
    keys: [
      { ...rsaJwk, kid: 'rsa', alg: 'RS256', use: 'sig' },
      { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
    ],
  };
  const sign = (signer: CryptoKey, header: JWTHeaderParameters) =>
    new SignJWT(allClaims()).setProtectedHeader(header).sign(signer);
  const spki = await exportSPKI(rsa.publicKey);
  const body = (header: object) => `${base64(header)}.${base64(allClaims())}`;
  const bad: Record<string, string> = {
    'HS256 by the public key as PEM': handSigned({ alg: 'HS256', kid: 'rsa' }, allClaims(), spki),
    'HS256 by the public key as JWK': handSigned(
      { alg: 'HS256', kid: 'rsa' },
      allClaims(),
      JSON.stringify(rsaJwk),
    ),
    'HS256 by the modulus': handSigned({ alg: 'HS256', kid: 'rsa' }, allClaims(), rsaJwk.n!),
    'a foreign key under a known kid': await sign(foreign.privateKey, { alg: 'RS256', kid: 'rsa' }),
    'a foreign key without kid': await sign(foreign.privateKey, { alg: 'RS256' }),
    'a kid that is unknown': await sign(rsa.privateKey, { alg: 'RS256', kid: 'other' }),
    'a kid that is a path': await sign(rsa.privateKey, { alg: 'RS256', kid: '../../dev/null' }),
    'a kid of the other key': await sign(rsa.privateKey, { alg: 'RS256', kid: 'ec' }),
    'a kid that is an object': `${body({ alg: 'RS256', kid: { a: 1 } })}.AAAA`,
    'a key of its own (jwk)': await sign(foreign.privateKey, {
      alg: 'RS256',
      jwk: await exportJWK(foreign.publicKey),
    }),
    'keys elsewhere (jku)': await sign(foreign.privateKey, { alg: 'RS256', jku: 'http://127.0.0.1:9/keys' }),
    'a certificate elsewhere (x5u)': await sign(foreign.privateKey, {
      alg: 'RS256',
      x5u: 'http://127.0.0.1:9/',
    }),
    'an elliptic signature of zeros': `${body({ alg: 'ES256', kid: 'ec' })}.${base64('\0'.repeat(64))}`,
    'alg none': `${body({ alg: 'none', kid: 'rsa' })}.`,
  };
  const good = {
    'RS256 with kid': await sign(rsa.privateKey, { alg: 'RS256', kid: 'rsa' }),
    'ES256 without kid': await sign(ec.privateKey, { alg: 'ES256' }),
  };
  return { jwks, bad, good };
}

/** Tokens of a server with a shared secret that it has to take. */
export const GOOD_TOKENS: Record<string, () => Promise<string> | string> = {
  'by a library': () =>
    new SignJWT(GOOD)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(ISSUER)
      .setAudience(['other', AUDIENCE])
      .setExpirationTime('1m')
      .sign(key),
  'by hand': () => hs256(),
  'with kinds of access in a list': () => hs256({ claims: { access: ['read', 'write'] } }),
  'expired within the tolerance of clocks': () => hs256({ claims: { exp: inSeconds(-2) } }),
};
