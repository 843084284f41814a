import { VectorStoreError } from '../shared/errors.js';
import { isPlainObject, kindOf, shown } from '../shared/plain-object.js';
import type { RemoteOptions } from '../shared/sync/sync-types.js';
import type { RemoteOnWire } from '../shared/worker-api.js';

/** Servers as they are used: absolute URLs. */
export interface CheckedRemote {
  readonly urls: readonly string[];
  readonly getToken: RemoteOptions['getToken'];
}

/** Throws `INVALID_ARGUMENT` unless it can be asked; relative URLs are those of the page. */
export function checkedRemote(remote: unknown): CheckedRemote {
  if (!isPlainObject(remote)) {
    throw refusal(`it is ${kindOf(remote)}`, 'Give { url, getToken }');
  }
  const unknown = Object.keys(remote).find((key) => key !== 'url' && key !== 'getToken');
  if (unknown !== undefined) throw refusal(`it has no member ${shown(unknown)}`, 'It has url and getToken');
  const { url, getToken } = remote as Partial<RemoteOptions>;
  if (getToken !== undefined && typeof getToken !== 'function') {
    throw refusal(
      `getToken is ${kindOf(getToken)}`,
      'Give a function that returns the token, so that it can be asked again once it has expired',
    );
  }
  const urls = Array.isArray(url) ? (url as readonly unknown[]) : [url];
  if (urls.length === 0) throw refusal('it has no url', 'Give at least one');
  return { urls: urls.map(absolute), getToken };
}

/** As a worker is told of them. */
export function onWire({ urls, getToken }: CheckedRemote): RemoteOnWire {
  return { urls, hasToken: getToken !== undefined };
}

function absolute(url: unknown): string {
  const base = globalThis.location?.href;
  const parsed =
    typeof url === 'string' && url !== '' && URL.canParse(url, base) ? new URL(url, base) : undefined;
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed.href;
  throw refusal(
    `url is ${typeof url === 'string' ? shown(url) : kindOf(url)}`,
    "Give the server's URL, such as 'https://sync.example.org', or an array of several",
  );
}

function refusal(what: string, advice: string): VectorStoreError {
  return new VectorStoreError(
    'INVALID_ARGUMENT',
    `remote: ${what}. It names the sync server, and what is written must not go elsewhere. ${advice}.`,
  );
}
