import type { Collection, ListOptions, StoredRecord } from 'nearshore';

const PAGE = 1000;

/** All records that pass, page by page, in the order of id. */
export async function listAll<M>(
  collection: Collection<M>,
  options: Omit<ListOptions<M>, 'limit' | 'cursor'> = {},
): Promise<StoredRecord<M>[]> {
  const all: StoredRecord<M>[] = [];
  let cursor: string | undefined;
  do {
    const page = await collection.list({
      ...options,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return all;
}
