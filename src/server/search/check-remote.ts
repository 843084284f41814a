import { batchError, type Problem, VectorStoreError } from '../../shared/errors.js';
import { checkFilter } from '../../shared/filter.js';
import { queryProblem } from '../../shared/query-check.js';
import {
  type Fault,
  idProblem,
  invalid,
  joinFaults,
  textProblem,
  vectorProblem,
} from '../../shared/record-check.js';
import type { Descriptor } from '../../shared/sync/protocol.js';
import {
  MAX_PAGE,
  MAX_TOP_K,
  type RemoteList,
  type RemoteQuery,
  type RemoteRecord,
  type RemoteWrite,
} from '../../shared/sync/remote.js';
import { metadataFault } from '../metadata-fault.js';

// The rules of records and queries (SPEC, V1 to V9), for what has come over the wire: each throws a `VectorStoreError`.

export function checkQueries(queries: readonly RemoteQuery[], { dimension, metric }: Descriptor): void {
  const rules = { dimension, metric, canEmbed: false };
  checkEach('queries', queries, ({ after, ...query }) => {
    return joinFaults(
      given(
        queryProblem(query, rules),
        query.topK > MAX_TOP_K
          ? tooMany('topK', query.topK, MAX_TOP_K, 'Go on after the last match')
          : undefined,
        after === undefined ? undefined : idProblem(after.id),
      ),
    );
  });
}

export function checkIds(ids: readonly string[]): void {
  checkEach('ids', ids, idProblem);
}

export function checkList({ limit, filter }: RemoteList): void {
  if (filter !== undefined) checkFilter(filter);
  if (limit >= 1 && limit <= MAX_PAGE) return;
  const { code, message } = tooMany('limit', limit, MAX_PAGE, 'Go on from its cursor');
  throw new VectorStoreError(code, message);
}

export function checkWrite(request: RemoteWrite, { dimension, metric }: Descriptor): void {
  switch (request.mode) {
    case 'delete-where':
      checkFilter(request.filter);
      break;
    case 'delete':
      checkPositions('ids', request.ids, (id) => id, idProblem);
      break;
    case 'set-metadata':
      checkPositions('updates', request.updates, idOf, ({ id, metadata }) =>
        joinFaults(given(idProblem(id), metadataFault(metadata))),
      );
      break;
    default:
      checkPositions('records', request.records, idOf, ({ id, vector, metadata, text }) =>
        joinFaults(
          given(
            idProblem(id),
            vectorProblem(vector, dimension, metric),
            metadata === undefined ? undefined : metadataFault(metadata),
            text === undefined ? undefined : textProblem(text),
          ),
        ),
      );
  }
}

const idOf = ({ id }: Pick<RemoteRecord, 'id'>) => id;

function given(...faults: (Fault | undefined)[]): Fault[] {
  return faults.filter((fault) => fault !== undefined);
}

/** As `checkEach`, and each id may come once. */
function checkPositions<T>(
  what: string,
  items: readonly T[],
  id: (item: T) => string,
  problem: (item: T) => Fault | undefined,
): void {
  const seen = new Set<string>();
  checkEach(what, items, (item) => {
    const name = id(item);
    if (!seen.has(name)) {
      seen.add(name);
      return problem(item);
    }
    return {
      code: 'DUPLICATE_ID',
      message: `id ${JSON.stringify(name)} comes twice. Which of them should be kept is unclear. Keep one.`,
    };
  });
}

function checkEach<T>(what: string, items: readonly T[], problem: (item: T) => Fault | undefined): void {
  const problems: Problem[] = [];
  for (const [position, item] of items.entries()) {
    const fault = problem(item);
    if (fault !== undefined) problems.push({ position, ...fault });
  }
  if (problems.length > 0) throw batchError(what, problems, problems.length);
}

function tooMany(name: string, value: number, most: number, advice: string): Fault {
  return invalid(`${name} is ${value}. An answer has a bounded size. Ask for 1 to ${most}. ${advice}.`);
}
