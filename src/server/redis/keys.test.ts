import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collectionsKey, dropMarkKey, shardKeys, usageKey } from './keys.js';
import { crc16, SLOTS } from './slot.js';

const ID = '0123456789abcdef0123456789abcdef';
const NAME = { tenant: 'acme', store: 'field-guide', collection: 'notes' };
/** As Redis Cluster finds it: what is between the first `{` and the next `}`. */
const slotOf = (key: string) => crc16(/\{([^}]+)\}/.exec(key)![1]!) % SLOTS;

const anyName = fc.string({ unit: 'binary', maxLength: 12 });
const pieces = fc.array(fc.constantFrom('/', '}', '{', '#', '%', ':', '.', '0', 'a', '\ud800', '%2f'), {
  maxLength: 6,
});
const name = fc.oneof(
  anyName,
  pieces.map((parts) => parts.join('')),
);
const names = fc.record({ tenant: name, store: name, collection: name });

test('G1 slots are those of Redis Cluster', () => {
  // From the specification of Redis Cluster and the documentation of CLUSTER KEYSLOT.
  expect(crc16('123456789')).toBe(0x31c3);
  expect(crc16('somekey') % SLOTS).toBe(11_058);
  expect(crc16('6789', crc16('12345'))).toBe(0x31c3);
});

test.each([1, 3, 16, 1_024])('G1 the slots of %i shards lie in equal shares, one in each', (shards) => {
  for (let shard = 0; shard < shards; shard++) {
    const slot = slotOf(shardKeys(NAME, { id: ID, shards }, shard).meta);
    expect(Math.floor((slot * shards) / SLOTS)).toBe(shard);
  }
});

test('G1 of three masters each gets its third of the shards', () => {
  const perMaster = [0, 0, 0];
  for (let collection = 0; collection < 100; collection++) {
    for (let shard = 0; shard < 16; shard++) {
      const { meta } = shardKeys(
        { ...NAME, collection: `notes-${collection}` },
        { id: ID, shards: 16 },
        shard,
      );
      perMaster[Math.floor((slotOf(meta) * 3) / SLOTS)]!++;
    }
  }
  expect(Math.max(...perMaster) / (1_600 / 3)).toBeLessThan(1.07);
});

test('G1 all keys of a shard are in one slot', () => {
  fc.assert(
    fc.property(names, fc.nat(15), fc.string({ unit: 'binary' }), (of, shard, id) => {
      const { meta, order, tombstones, channel, recordPrefix } = shardKeys(of, { id: ID, shards: 16 }, shard);
      const slots = [meta, order, tombstones, channel, recordPrefix + id].map(slotOf);
      expect(new Set(slots).size).toBe(1);
    }),
  );
});

test('G1 names with any characters never meet', () => {
  const all = (of: typeof NAME) => [
    shardKeys(of, { id: ID, shards: 2 }, 0).meta,
    shardKeys(of, { id: ID, shards: 2 }, 1).meta,
    dropMarkKey(of),
  ];
  fc.assert(
    fc.property(names, names, (a, b) => {
      fc.pre(a.tenant !== b.tenant || a.store !== b.store || a.collection !== b.collection);
      expect(new Set([...all(a), ...all(b)]).size).toBe(6);
      if (a.tenant !== b.tenant) expect(usageKey(a.tenant)).not.toBe(usageKey(b.tenant));
      if (a.tenant !== b.tenant || a.store !== b.store) {
        expect(collectionsKey(a.tenant, a.store)).not.toBe(collectionsKey(b.tenant, b.store));
      }
    }),
    { numRuns: 2_000 },
  );
  const tenantAndStore = { tenant: 'a/b', store: 'c', collection: 'd' };
  expect(all(tenantAndStore)).not.toEqual(all({ tenant: 'a', store: 'b/c', collection: 'd' }));
});

test('G1 every key begins with {ns:, and what is inside the braces has no brace', () => {
  fc.assert(
    fc.property(names, (of) => {
      for (const key of [
        shardKeys(of, { id: ID, shards: 4 }, 2).meta,
        dropMarkKey(of),
        collectionsKey(of.tenant, of.store),
        usageKey(of.tenant),
      ]) {
        expect(key).toMatch(/^\{ns:[^{}]*\}:[^{}]+$/);
      }
    }),
  );
});
