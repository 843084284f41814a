import { VectorStoreError } from '../../../shared/errors.js';
import { shown } from '../../../shared/plain-object.js';

/** How long a server that has failed is asked after the others. */
const REST_MS = 30_000;

interface Server {
  readonly url: string;
  /** By `now`; 0: it has not failed. */
  restsUntil: number;
}

/** The URLs of equal servers. Calls stay with one, the first at random, and go on to the next where it fails. */
export class ServerList {
  readonly #servers: Server[];

  /** @param urls at least one, absolute, http or https; each may have a path */
  constructor(
    urls: readonly string[],
    private readonly now = () => performance.now(),
    random = Math.random,
  ) {
    if (urls.length === 0) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        'There is no URL of a sync server. Nothing could be synced. Give one, or an array of equal servers.',
      );
    }
    const first = Math.floor(random() * urls.length);
    this.#servers = [...urls.slice(first), ...urls.slice(0, first)].map((url) => ({
      url: checkedUrl(url),
      restsUntil: 0,
    }));
  }

  /** Each once: the one that answered last, the others in turn, then those that rest, the longest first. */
  inOrder(): string[] {
    const now = this.now();
    const rest = ({ restsUntil }: Server) => (restsUntil > now ? restsUntil : 0);
    return this.#servers.toSorted((a, b) => rest(a) - rest(b)).map(({ url }) => url);
  }

  answered(url: string): void {
    this.#rotateTo(url).restsUntil = 0;
  }

  failed(url: string): void {
    this.#servers.find((server) => server.url === url)!.restsUntil = this.now() + REST_MS;
  }

  #rotateTo(url: string): Server {
    const at = this.#servers.findIndex((server) => server.url === url);
    this.#servers.push(...this.#servers.splice(0, at));
    return this.#servers[0]!;
  }
}

/** With a slash at its end. */
function checkedUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `The sync server's URL is ${shown(url)}. It is asked by fetch. Give an absolute URL with http or https.`,
    );
  }
  parsed.search = '';
  parsed.hash = '';
  return parsed.href.endsWith('/') ? parsed.href : `${parsed.href}/`;
}
