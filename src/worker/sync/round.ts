import { type OpenRequest, SYNC_PROTOCOL } from '../../shared/sync/protocol.js';
import type { Mirror } from './mirror.js';
import { pullShards } from './pull.js';
import { PushRound } from './push.js';
import type { RoundReport } from './round-report.js';
import type { ServerClock } from './server-clock.js';
import type { Session } from './session.js';
import type { Clock } from './surroundings.js';
import type { SyncTransport } from './transport.js';

/** Pulls and pushes that follow one another in a round; writes that come meanwhile could go on for ever. */
const TURNS = 5;

/**
 * Describes the collection to the server, or creates it there.
 *
 * @returns whether it is another one than the one known before: the first contact, or the server has lost it
 */
export async function openCollection(
  transport: SyncTransport,
  mirror: Mirror,
  serverClock: ServerClock,
  clock: Clock,
  wanted: Omit<OpenRequest, 'protocol' | 'known'>,
  signal: AbortSignal,
): Promise<boolean> {
  const asked = clock.now();
  const known = mirror.row?.descriptor.id;
  const { descriptor, time } = await transport.open(
    { protocol: SYNC_PROTOCOL, ...wanted, ...(known !== undefined && { known }) },
    signal,
  );
  if (descriptor.id === known) await serverClock.correct(time, asked);
  else await mirror.begin(descriptor, serverClock.offset(time, asked));
  return descriptor.id !== known;
}

/**
 * Pulls what is new, pushes what is pending, and again what a push has led to. So the first pull of a visit comes before
 * its first push: this device's entries that come after it are here for sure, and need not come back whole.
 *
 * @param wanted shards that are to be pulled in any case
 * @returns shards that are still to be pulled
 */
export async function runRound(
  session: Session,
  wanted: ReadonlySet<number>,
  report: RoundReport,
): Promise<ReadonlySet<number>> {
  await session.refusals.forgetChanged(session.mirror);
  let toPull = new Set(wanted);
  for (const [shard, { phase }] of session.row.shards.entries()) {
    if (phase !== 'pull' || !session.current.has(shard)) toPull.add(shard);
  }
  const push = new PushRound(session, report);
  for (let turn = 0; turn < TURNS; turn++) {
    await pullShards(session, toPull, report);
    toPull = await push.run();
    if (toPull.size === 0) break;
  }
  return toPull;
}
