import { MAX_TOP_K, type RemoteMatches, type RemoteQuery } from '../../shared/sync/remote.js';
import type { MatchesOnWire, QueryOnWire } from '../../shared/worker-api.js';
import { joinMatches } from './join-matches.js';
import type { RemoteCalls } from './remote-calls.js';

/** The server's answer, of as many pages as it takes. */
export async function searchRemotely(
  calls: Pick<RemoteCalls, 'query'>,
  { topK = 10, text: _text, ...query }: QueryOnWire,
  signal: AbortSignal,
): Promise<MatchesOnWire> {
  const pages: RemoteMatches[] = [];
  for (let left = topK; left > 0; ) {
    const last = pages.at(-1);
    const asked: RemoteQuery = {
      ...query,
      topK: Math.min(left, MAX_TOP_K),
      ...(last !== undefined && { after: { score: last.scores.at(-1)!, id: last.ids.at(-1)! } }),
    };
    const [page] = await calls.query([asked], signal);
    pages.push(page!);
    left -= page!.ids.length;
    if (page!.ids.length < asked.topK) break;
  }
  return { ...joinMatches(pages), receipt: receiptOf(pages) };
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
