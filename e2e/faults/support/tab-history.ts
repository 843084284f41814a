// What several tabs did at once, and whether one after the other could have done it: the serial oracle.

export type Operation =
  | { readonly kind: 'upsert' | 'insert' | 'setMetadata' | 'delete' | 'get'; readonly ids: readonly string[] }
  | { readonly kind: 'deleteWhere'; readonly bucket: number }
  | { readonly kind: 'query' | 'list' | 'optimize' };

/** A record: its id, the number of the operation that wrote its vector, and of the one that wrote its metadata. */
export type Row = readonly [id: string, vector: number, metadata: number];

export interface Begun {
  /** Unique; never 0. */
  readonly number: number;
  readonly tab: number;
  /** Counts the pages that a tab has had: a killed one is replaced. */
  readonly page: number;
  readonly operation: Operation;
  /** The generation that its tab had seen before. */
  readonly after: number;
}

export interface Ended {
  readonly number: number;
  readonly count?: number;
  readonly generation?: number;
  /** All there is, of a query. */
  readonly rows?: readonly Row[];
  /** Refused with. */
  readonly code?: string;
}

/** What an observer heard of a commit; `ids` of a merge are none. */
export interface Heard {
  readonly generation: number;
  readonly ids: readonly string[];
}

export interface History {
  readonly begun: readonly Begun[];
  readonly ended: readonly Ended[];
  readonly heard: readonly Heard[];
  /** What is there in the end, and its generation. */
  readonly rows: readonly Row[];
  readonly generation: number;
}

export interface Verdict {
  /** Undefined: it is what one after the other gives. */
  readonly contradiction: string | undefined;
  readonly acknowledged: number;
  /** In flight when their tab was killed. */
  readonly inFlight: readonly Begun[];
  /** How many of these have happened. */
  readonly happened: number;
  /** Queries whose whole answer was compared. */
  readonly compared: number;
}

type State = Map<string, readonly [vector: number, metadata: number]>;

const WRITES = ['upsert', 'insert', 'setMetadata', 'delete', 'deleteWhere'];

export const bucketOf = (number: number) => number % 16;

/**
 * Replays the acknowledged writes in the order of their generations. A generation that nobody was told of is a merge,
 * or a write that was in flight: where what was heard does not say it, every possibility is tried.
 */
export function judge({ begun, ended, heard, rows, generation: last }: History): Verdict {
  const ends = new Map(ended.map((each) => [each.number, each]));
  const inFlight = begun.filter(({ number }) => !ends.has(number));
  const writes = new Map<number, Begun>();
  /** By generation: what has to be so then. */
  const checks = new Map<number, ((state: State) => string | undefined)[]>();
  const check = (generation: number, test: (state: State) => string | undefined) =>
    checks.set(generation, [...(checks.get(generation) ?? []), test]);
  let acknowledged = 0;
  let compared = 0;
  let twice: string | undefined;
  for (const each of begun) {
    const end = ends.get(each.number);
    if (end?.generation === undefined) continue;
    const { kind } = each.operation;
    if (kind === 'query') {
      compared++;
      check(end.generation, (state) => difference(state, end.rows!, `query ${each.number}`));
    } else if (end.count === 0) {
      // A delete that found nothing.
      check(end.generation, (state) =>
        apply(new Map(state), each) === 0 ? undefined : `${each.number} found nothing to delete`,
      );
    } else {
      acknowledged++;
      const other = writes.get(end.generation);
      if (other !== undefined)
        twice = `${other.number} and ${each.number} are both generation ${end.generation}`;
      writes.set(end.generation, each);
    }
  }
  check(last, (state) => difference(state, rows, 'the end'));
  const heardOf = new Map(heard.map((each) => [each.generation, each]));
  const candidates = inFlight.filter(({ operation }) => WRITES.includes(operation.kind));
  let happened = 0;

  const holds = (generation: number, state: State) => {
    for (const test of checks.get(generation) ?? []) {
      const contradiction = test(state);
      if (contradiction !== undefined) return `generation ${generation}: ${contradiction}`;
    }
    return undefined;
  };

  const replay = (from: number, state: State, gone: readonly Begun[]): string | undefined => {
    for (let generation = from; generation <= last; generation++) {
      const write = writes.get(generation);
      if (write !== undefined) {
        const { count } = ends.get(write.number)!;
        const counted = apply(state, write);
        if (counted !== count) {
          const { operation } = write;
          return `generation ${generation}: ${JSON.stringify(operation)} said ${count}, but it is ${counted}`;
        }
      } else if (heardOf.get(generation)?.ids.length !== 0) {
        let first: string | undefined;
        for (const guess of [undefined, ...candidates]) {
          if (guess === undefined ? heardOf.has(generation) : gone.includes(guess)) continue;
          const guessed: State = new Map(state);
          if (guess !== undefined && !(guess.after < generation && apply(guessed, guess)! > 0)) continue;
          const used = guess === undefined ? gone : [...gone, guess];
          const contradiction = holds(generation, guessed) ?? replay(generation + 1, guessed, used);
          if (contradiction === undefined) return undefined;
          first ??= contradiction;
        }
        return (
          first ?? `generation ${generation} was made by nobody: ${JSON.stringify(heardOf.get(generation))}`
        );
      }
      const contradiction = holds(generation, state);
      if (contradiction !== undefined) return contradiction;
    }
    happened = gone.length;
    return undefined;
  };

  const contradiction = twice ?? replay(1, new Map(), []);
  return { contradiction, acknowledged, inFlight, happened, compared };
}

/** How many records it concerns; undefined: it would have been refused. */
function apply(state: State, { number, operation }: Begun): number | undefined {
  switch (operation.kind) {
    case 'insert':
    case 'upsert':
      if (operation.kind === 'insert' && operation.ids.some((id) => state.has(id))) return undefined;
      for (const id of operation.ids) state.set(id, [number, number]);
      return operation.ids.length;
    case 'setMetadata':
      if (!operation.ids.every((id) => state.has(id))) return undefined;
      for (const id of operation.ids) state.set(id, [state.get(id)![0], number]);
      return operation.ids.length;
    case 'delete':
      return operation.ids.filter((id) => state.delete(id)).length;
    case 'deleteWhere': {
      const passing = [...state].filter(([, [, metadata]]) => bucketOf(metadata) === operation.bucket);
      for (const [id] of passing) state.delete(id);
      return passing.length;
    }
    default:
      return undefined;
  }
}

function difference(state: State, rows: readonly Row[], where: string): string | undefined {
  const found = new Map(rows.map(([id, vector, metadata]) => [id, `${vector} ${metadata}`]));
  if (found.size < rows.length) return `${where} has an id twice`;
  for (const [id, [vector, metadata]] of state) {
    const should = `${vector} ${metadata}`;
    if (found.get(id) !== should) return `${where} has ${id} as ${found.get(id)}, not ${should}`;
  }
  const extra = [...found.keys()].find((id) => !state.has(id));
  return extra === undefined ? undefined : `${where} has ${extra}, which should not be there`;
}
