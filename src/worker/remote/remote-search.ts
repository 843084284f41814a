import { MAX_QUERIES, MAX_TOP_K, type RemoteMatches, type RemoteQuery } from '../../shared/sync/remote.js';
import type { MatchesOnWire, QueryOnWire } from '../../shared/worker-api.js';
import { joinMatches } from './join-matches.js';
import type { RemoteCalls } from './remote-calls.js';

/** The servers' answers, each of as many pages as it takes. */
export async function searchRemotely(
  calls: Pick<RemoteCalls, 'query'>,
  queries: readonly QueryOnWire[],
  signal: AbortSignal,
): Promise<MatchesOnWire[]> {
  const searches = queries.map((query) => new Search(query));
  for (let open = searches; open.length > 0; open = open.filter((search) => !search.hasEnded)) {
    for (const batch of batchesOf(open)) {
      const pages = await calls.query(
        batch.map((search) => search.next),
        signal,
      );
      for (const [i, search] of batch.entries()) search.add(pages[i]!);
    }
  }
  return searches.map((search) => search.answer);
}

/** None asks for more than one query may. */
function* batchesOf(open: readonly Search[]): Generator<readonly Search[]> {
  let batch: Search[] = [];
  let matches = 0;
  for (const search of open) {
    const { topK } = search.next;
    if (batch.length === MAX_QUERIES || (batch.length > 0 && matches + topK > MAX_TOP_K)) {
      yield batch;
      batch = [];
      matches = 0;
    }
    batch.push(search);
    matches += topK;
  }
  if (batch.length > 0) yield batch;
}

class Search {
  hasEnded = false;
  readonly #query: Omit<RemoteQuery, 'topK'>;
  #left: number;
  readonly #pages: RemoteMatches[] = [];

  constructor({ topK = 10, text: _text, scope: _scope, ...query }: QueryOnWire) {
    this.#query = query;
    this.#left = topK;
  }

  get next(): RemoteQuery {
    const last = this.#pages.at(-1);
    return {
      ...this.#query,
      topK: Math.min(this.#left, MAX_TOP_K),
      ...(last !== undefined && { after: { score: last.scores.at(-1)!, id: last.ids.at(-1)! } }),
    };
  }

  add(page: RemoteMatches): void {
    const { topK } = this.next;
    this.#pages.push(page);
    this.#left -= page.ids.length;
    this.hasEnded = page.ids.length < topK || this.#left === 0;
  }

  get answer(): MatchesOnWire {
    return { ...joinMatches(this.#pages), receipt: receiptOf(this.#pages) };
  }
}

/** In the words of the device: a server scores in plain JS. */
function receiptOf(pages: readonly RemoteMatches[]): MatchesOnWire['receipt'] {
  const receipts = pages.map(({ receipt }) => receipt);
  const sum = (of: (receipt: RemoteMatches['receipt']) => number) =>
    receipts.reduce((total, receipt) => total + of(receipt), 0);
  const partial = receipts.find(({ complete }) => !complete);
  const { engine, shards } = receipts[0]!;
  return {
    exact: receipts.every(({ exact }) => exact),
    complete: partial === undefined,
    ...(partial?.reason !== undefined && { reason: partial.reason }),
    plan: engine === 'exact' ? 'flat' : 'vector-set',
    backend: 'js',
    kernel: 'js',
    scanned: sum(({ scanned }) => scanned),
    elapsedMs: sum(({ elapsedMs }) => elapsedMs),
    generation: 0,
    server: { engine, shards },
  };
}
