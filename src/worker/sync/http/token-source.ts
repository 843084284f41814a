import { VectorStoreError } from '../../../shared/errors.js';

/** Resolves to a token; without one, servers are asked without. */
export type GetToken = () => Promise<string | undefined>;

/** One token for all calls, until a server refuses it. */
export class TokenSource {
  #token: Promise<string | undefined> | undefined;

  constructor(private readonly getToken: GetToken | undefined) {}

  /** @param refused the token that a server has refused: another is asked for, once for all calls that had this one */
  async token(refused?: { readonly token: string | undefined }): Promise<string | undefined> {
    const known = this.#token;
    if (known !== undefined) {
      const token = await known;
      if (refused === undefined || token !== refused.token) return token;
    }
    // Another call may have asked meanwhile.
    if (this.#token === known) this.#token = this.#ask();
    return this.#token;
  }

  async #ask(): Promise<string | undefined> {
    if (this.getToken === undefined) return undefined;
    try {
      return checkedToken(await this.getToken());
    } catch (error) {
      this.#token = undefined;
      if (error instanceof VectorStoreError) throw error;
      throw new VectorStoreError(
        'SERVER_UNAVAILABLE',
        `getToken has failed (${error instanceof Error ? error.message : String(error)}). Without a token nothing is synced. It is asked again with the next try.`,
        { cause: error },
      );
    }
  }
}

function checkedToken(token: unknown): string | undefined {
  if (token === undefined || token === null || token === '') return undefined;
  // What a header can carry: a line break would make fetch throw.
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new VectorStoreError(
    'UNAUTHORIZED',
    `getToken gave ${typeof token === 'string' ? 'a string that is no token' : `a ${typeof token}`}. It is sent in a header. Resolve to the token alone, without "Bearer".`,
  );
}
