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
  /** What cannot be held at the next attempt: it then asks again, as where memory cannot grow. */
  fails: Precision | undefined;
  readonly #moves = new Queue();
  #holding: Promise<void> | undefined;
  #hasLeft = false;

  constructor(
    readonly rows: number,
    private readonly memory: MemoryBudget,
    private readonly onChange: () => void = () => {},
    readonly finest: Precision = 'float32',
  ) {}

  bytesAt(precision: Precision): number {
    return this.rows * BYTES[precision];
  }

  join(): Promise<void> {
    this.#holding = this.#hold(this.#ask);
    return this.#holding;
  }

  follow(): Promise<void> {
    return this.#moves.run(async () => {
      await this.#holding;
      const precision = this.memory.toldTo(this);
      if (this.#hasLeft || precision === this.precision) return;
      this.#holding = this.#hold(async () => precision);
      await this.#holding;
    });
  }

  leave(): Promise<void> {
    this.#hasLeft = true;
    const gone = this.#moves.run(async () => {
      await this.#holding;
      await turns(3);
      this.held = 0;
      this.onChange();
    });
    this.memory.leave(this, gone);
    return gone;
  }

  readonly #ask = async () => (this.#hasLeft ? undefined : this.memory.admit(this));

  async #hold(ask: () => Promise<Precision | undefined>): Promise<void> {
    this.held = 0;
    const precision = await ask();
    await turns(3);
    if (precision !== undefined && precision === this.fails) {
      this.fails = undefined;
      return this.#hold(this.#ask);
    }
    this.precision = precision;
    this.held = precision === undefined ? 0 : this.bytesAt(precision);
    this.onChange();
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

describe('a memory budget', () => {
  it('K10 is never exceeded, while segments come, fail and go, and is used once they rest', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new SeededRandom(seed);
      const limit = 200 + random.below(2000);
      const memory = new MemoryBudget(limit);
      const tenants = new Set<Held>();
      const there = new Set<Held>();
      const check = () => {
        const held = [...there].reduce((sum, tenant) => sum + tenant.held, 0);
        if (held > limit) expect.fail(`seed ${seed}: ${held} bytes are held, and ${limit} are allowed`);
      };
      const under: Promise<void>[] = [];
      for (let step = 0; step < 40; step++) {
        const [some] = random.sample([...tenants], 1);
        if (some === undefined || random.chance(0.6)) {
          const tenant = new Held(1 + random.below(150), memory, check);
          if (random.chance(0.2)) tenant.fails = random.chance(0.5) ? 'int16' : 'int8';
          tenants.add(tenant);
          there.add(tenant);
          under.push(tenant.join());
        } else if (random.chance(0.3)) {
          some.fails = random.chance(0.5) ? 'int16' : 'float32';
        } else {
          tenants.delete(some);
          under.push(some.leave().then(() => void there.delete(some)));
        }
        if (random.chance(0.5)) await turns(random.below(20));
      }
      await Promise.all(under);
      await memory.rebalance();
      await turns(3000);
      check();
      const plan = planPrecisions([...tenants], limit);
      const wanted = [...tenants].map((tenant) => plan.get(tenant));
      expect([...tenants].map(({ precision }) => precision)).toEqual(wanted);
    }
  });

  it('K10 others have made room before a newcomer is let in', async () => {
    const memory = new MemoryBudget(500);
    const first = new Held(100, memory);
    await first.join();
    expect(first.precision).toBe('float32');
    const second = new Held(100, memory);
    expect(await memory.admit(second)).toBe('int16');
    expect([first.precision, first.held]).toEqual(['int16', 200]);
  });

  it('K8 K10 one that cannot become coarser as it was told asks again, and nobody waits for ever', async () => {
    const memory = new MemoryBudget(500);
    const first = new Held(100, memory);
    await first.join();
    first.fails = 'int16';
    const second = new Held(100, memory);
    await second.join();
    await memory.rebalance();
    await turns(50);
    expect([first.precision, second.precision]).toEqual(['int16', 'int16']);
  });

  it('K10 one that leaves while it is asked to move, or asks, keeps nobody waiting', async () => {
    const memory = new MemoryBudget(500);
    const first = new Held(100, memory);
    await first.join();
    const second = new Held(100, memory);
    const joining = second.join();
    const leaving = second.leave();
    const gone = first.leave();
    await Promise.all([joining, leaving, gone, memory.rebalance()]);
    const third = new Held(100, memory);
    await third.join();
    expect(third.precision).toBe('float32');
  });

  it('K10 what is always in memory is set aside', async () => {
    const memory = new MemoryBudget(500);
    const tenant = new Held(100, memory);
    await tenant.join();
    const giveBack = memory.reserve(1);
    await memory.rebalance();
    expect(tenant.precision).toBe('int16');
    giveBack();
    giveBack();
    await memory.rebalance();
    await turns(50);
    expect(tenant.precision).toBe('float32');
  });
});
