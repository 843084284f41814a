import { SignJWT } from 'jose';

/** For a user who has signed in; `secret` is the server's NEARSHORE_JWT_SECRET. */
export function syncTokenFor(userId: string, secret: string): Promise<string> {
  return new SignJWT({ tenant: userId, collections: ['*'], access: 'write' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('https://login.example')
    .setAudience('nearshore')
    .setExpirationTime('15m')
    .sign(new TextEncoder().encode(secret));
}
