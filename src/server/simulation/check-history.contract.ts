import type { Entry, Stamp } from '../../shared/sync/protocol.js';
import type { Event, History, Replica } from './history.contract.js';

type EventOf<T extends Event['type']> = Event & { readonly type: T };

/** States what the history of a run, after a whole exchange, violates; nothing: it is as promised. */
export function checkHistory(history: History): string[] {
  return [
    ...pendingWrites(history),
    ...differingReplicas(history),
    ...lostAcknowledgements(history),
    ...resurrectedDeletes(history),
    ...repeatedEffects(history),
    ...silentLosses(history),
  ];
}

function pendingWrites({ pending }: History): string[] {
  return pending === 0 ? [] : [`after the exchange ${pending} writes are pending`];
}

/** All replicas are equal. */
function differingReplicas({ server, clients }: History): string[] {
  return clients.flatMap((client, i) => {
    const ids = new Set([...server.keys(), ...client.keys()]);
    return [...ids].flatMap((id) => {
      const [here, there] = [stampIn(client, id), stampIn(server, id)];
      return here === there ? [] : [`device ${i} has ${here} of "${id}", the server has ${there}`];
    });
  });
}

const stampIn = (replica: Replica, id: string) => replica.get(id)?.stamp ?? 'nothing';

/** What was acknowledged is there, or something younger is. */
function lostAcknowledgements({ events, server }: History): string[] {
  return [...latest(events, 'acknowledged')].flatMap(([id, { stamp, kind }]) => {
    const end = server.get(id)?.stamp;
    if (end !== undefined ? end >= stamp : kind === 'delete') return [];
    // Without a record: a younger delete, or a younger write that was told to be overruled by one.
    const deleted = events.some(
      (event) =>
        event.type !== 'outlived' &&
        event.id === id &&
        event.stamp > stamp &&
        ((event.type === 'applied' && event.kind === 'delete') || event.type === 'overruled'),
    );
    if (isOutOfReach(events, id)) return [];
    if (end === undefined ? deleted : isForgiven(events, id, stamp, end)) return [];
    return [`${kind} ${stamp} of "${id}" was acknowledged, and the server has ${end ?? 'nothing'}`];
  });
}

/** What Redis has lost is put back by devices that return within the tombstone life. */
function isOutOfReach(events: readonly Event[], id: string): boolean {
  const lostAt = events.findIndex((event) => event.type === 'forgotten' && event.id === id);
  return lostAt !== -1 && events.slice(lostAt).some(({ type }) => type === 'outlived');
}

/** No record is there that is older than a delete of it. */
function resurrectedDeletes({ events, server }: History): string[] {
  return [...latest(events, 'applied', 'delete')].flatMap(([id, { stamp }]) => {
    const end = server.get(id)?.stamp;
    if (end === undefined || end > stamp) return [];
    return isForgiven(events, id, stamp, end)
      ? []
      : [`"${id}" was deleted at ${stamp}, and is back as of ${end}`];
  });
}

/** A create that no server was known to have cannot be told from a new one, once the tombstone was collected. */
function isForgiven(events: readonly Event[], id: string, stamp: Stamp, end: Stamp): boolean {
  return events.some(
    (event) =>
      event.type === 'collected' &&
      event.id === id &&
      event.stamp >= stamp &&
      event.uncertain.includes(end.slice(16)),
  );
}

/** The same operation is applied once, unless Redis has forgotten something of its record, or that it was deleted. */
function repeatedEffects({ events }: History): string[] {
  const applied = new Map<string, Set<Stamp>>();
  const violations: string[] = [];
  for (const event of events) {
    if (event.type === 'outlived') continue;
    const { type, id, kind, stamp } = event;
    if (type === 'forgotten' || type === 'collected') applied.delete(id);
    if (type !== 'applied') continue;
    const before = applied.get(id) ?? new Set();
    if (before.has(stamp)) violations.push(`${kind} ${stamp} of "${id}" was applied twice`);
    applied.set(id, before.add(stamp));
  }
  return violations;
}

/** The last write of a device to a record is applied, or its application is told. */
function silentLosses({ events }: History): string[] {
  const open = new Map<string, EventOf<'written'>>();
  const earlier = new Map<string, Set<Stamp>>();
  for (const event of events) {
    if (event.type === 'written') {
      const key = `${event.client} ${event.id}`;
      const before = open.get(key);
      if (before !== undefined) earlier.set(key, (earlier.get(key) ?? new Set()).add(before.stamp));
      open.set(key, event);
    } else if (event.type === 'overruled' || event.type === 'acknowledged') {
      settle(`${event.client} ${event.id}`, event.stamp);
    } else if (event.type === 'applied') {
      // By whichever device it was sent: its stamp tells who has written it.
      for (const [key, { id, stamp }] of open) {
        if (id === event.id && stamp.slice(16) === event.stamp.slice(16)) settle(key, event.stamp);
      }
    }
  }
  function settle(key: string, stamp: Stamp): void {
    if (!earlier.get(key)?.has(stamp)) open.delete(key);
  }
  const isNothing = (write: EventOf<'written'>) =>
    write.kind === 'delete' && hasNothingToDelete(events, write);
  return [...open.values()]
    .filter((write) => !isNothing(write))
    .map(
      ({ client, kind, stamp, id }) =>
        `${kind} ${stamp} of "${id}" on device ${client} was neither applied nor told to be overruled`,
    );
}

/** What the device has never had on a server, or what was deleted beside it. */
function hasNothingToDelete(events: readonly Event[], write: EventOf<'written'>): boolean {
  const applied = events.flatMap((event, at) =>
    event.type === 'applied' && event.id === write.id ? [{ kind: event.kind, stamp: event.stamp, at }] : [],
  );
  const device = write.stamp.slice(16);
  if (!applied.some(({ stamp }) => stamp.slice(16) === device)) return true;
  const writtenAt = events.indexOf(write);
  const isForgotten = (stamp: Stamp) =>
    events.some((event) => event.type === 'forgotten' && event.id === write.id && event.stamp === stamp);
  const upsertAt =
    applied.findLast(({ kind, stamp, at }) => kind === 'upsert' && at < writtenAt && !isForgotten(stamp))
      ?.at ?? -1;
  return applied.some(({ kind, at }) => kind === 'delete' && at > upsertAt);
}

/** Id → its event with the greatest stamp. */
function latest<T extends 'acknowledged' | 'applied'>(
  events: readonly Event[],
  type: T,
  kind?: Entry['kind'],
): Map<string, EventOf<T>> {
  const found = new Map<string, EventOf<T>>();
  for (const event of events) {
    if (event.type !== type) continue;
    const version = event as EventOf<T>;
    if (kind !== undefined && version.kind !== kind) continue;
    const before = found.get(version.id);
    if (before === undefined || before.stamp < version.stamp) found.set(version.id, version);
  }
  return found;
}
