import { describe, expect, it } from 'vitest';
import type { Precision } from '../compute/kernels.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { Queue } from '../slices.js';
import { MemoryBudget, planPrecisions, type Tenant } from './memory-budget.js';

const BYTES: Record<Precision, number> = { int8: 1, int16: 2, float32: 5 };

function wanting(
  rows: number,
  finest: Precision = 'float32',
  possible: readonly Precision[] = ['int8', 'int16', 'float32'],
) {
  const bytesAt = (precision: Precision) =>
    possible.includes(precision) ? rows * BYTES[precision] : undefined;
  return { finest, bytesAt };
}

const planned = (tenants: ReturnType<typeof wanting>[], available: number) => {
  const plan = planPrecisions(tenants, available);
  return tenants.map((tenant) => plan.get(tenant));
};

describe('what segments are held as', () => {
  it('K10 as fine as there is room for, all alike before one is finer', () => {
    const three = [wanting(100), wanting(10), wanting(100)];
    expect(planned(three, Number.POSITIVE_INFINITY)).toEqual(['float32', 'float32', 'float32']);
    expect(planned(three, 1049)).toEqual(['float32', 'float32', 'int16']);
    expect(planned(three, 749)).toEqual(['int16', 'float32', 'int16']);
    expect(planned(three, 420)).toEqual(['int16', 'int16', 'int16']);
    expect(planned(three, 319)).toEqual(['int8', 'float32', 'int8']);
    expect(planned(three, 110)).toEqual(['int8', 'int8', undefined]);
    expect(planned(three, 9)).toEqual([undefined, undefined, undefined]);
  });

  it('K9 no finer than a collection asks for', () => {
    expect(planned([wanting(10, 'int8'), wanting(10, 'int16'), wanting(10)], 1000)).toEqual([
      'int8',
      'int16',
      'float32',
    ]);
  });

  it('K9 float32 where kernels can hold nothing else, if there is room', () => {
    expect(planned([wanting(10, 'int8', ['float32'])], 50)).toEqual(['float32']);
    expect(planned([wanting(10, 'int8', ['float32'])], 49)).toEqual([undefined]);
  });
});

/** Takes turns between what it does, as reading from storage would. */
class Held implements Tenant {
  precision: Precision | undefined;
  held = 0;
  readonly #moves = new Queue();

  constructor(
    readonly rows: number,
    private readonly onChange: () => void,
    readonly finest: Precision = 'float32',
  ) {}

  bytesAt(precision: Precision): number {
    return this.rows * BYTES[precision];
  }

  /** Moves come after it. */
  join(memory: MemoryBudget): Promise<void> {
    return this.#moves.run(async () => this.#hold(await memory.admit(this)));
  }

  moveTo(precision: Precision | undefined): Promise<void> {
    return this.#moves.run(() => this.#hold(precision));
  }

  async #hold(precision: Precision | undefined): Promise<void> {
    this.precision = precision;
    this.held = 0;
    await turns(3);
    this.held = precision === undefined ? 0 : this.bytesAt(precision);
    this.onChange();
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

describe('a memory budget', () => {
  it('K10 is never exceeded, while segments come and go, and is used once they rest', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new SeededRandom(seed);
      const limit = 200 + random.below(2000);
      const memory = new MemoryBudget(limit);
      const tenants = new Set<Held>();
      const check = () => {
        const held = [...tenants].reduce((sum, tenant) => sum + tenant.held, 0);
        if (held > limit) expect.fail(`seed ${seed}: ${held} bytes are held, and ${limit} are allowed`);
      };
      const join = () => {
        const tenant = new Held(1 + random.below(150), check);
        tenants.add(tenant);
        return tenant.join(memory);
      };
      const joining: Promise<void>[] = [];
      for (let step = 0; step < 40; step++) {
        if (tenants.size === 0 || random.chance(0.6)) joining.push(join());
        else {
          await Promise.all(joining.splice(0));
          const [tenant] = random.sample([...tenants], 1);
          tenants.delete(tenant!);
          memory.leave(tenant!);
        }
        if (random.chance(0.5)) await turns(random.below(20));
      }
      await Promise.all(joining);
      await turns(2000);
      check();
      const plan = planPrecisions([...tenants], limit);
      expect([...tenants].map(({ precision }) => precision)).toEqual(
        [...tenants].map((tenant) => plan.get(tenant)),
      );
    }
  });

  it('K10 others have made room before a newcomer is let in', async () => {
    const memory = new MemoryBudget(500);
    const first = new Held(100, () => {});
    await first.join(memory);
    expect(first.precision).toBe('float32');
    const second = new Held(100, () => {});
    expect(await memory.admit(second)).toBe('int16');
    expect([first.precision, first.held]).toEqual(['int16', 200]);
  });

  it('K10 what is always in memory is set aside', async () => {
    const memory = new MemoryBudget(500);
    const giveBack = memory.reserve(1);
    const tenant = new Held(100, () => {});
    await tenant.join(memory);
    expect(tenant.precision).toBe('int16');
    giveBack();
    await turns(20);
    expect(tenant.precision).toBe('float32');
  });
});
