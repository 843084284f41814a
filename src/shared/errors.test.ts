import { describe, expect, it } from 'vitest';
import {
  batchError,
  errorFromWire,
  errorToWire,
  type Problem,
  throwIfAborted,
  VectorStoreError,
} from './errors.js';

const crossed = (error: unknown) => errorFromWire(structuredClone(errorToWire(error)));

describe('the wire', () => {
  it('L1 keeps class, code, message, stack, problems and outcome', () => {
    const problems: Problem[] = [{ position: 3, id: 'a', code: 'DUPLICATE_ID', message: 'twice' }];
    const error = new VectorStoreError('WORKER_LOST', 'gone', {
      problems,
      problemCount: 150,
      outcome: 'unknown',
    });
    const there = crossed(error);
    expect(there).toBeInstanceOf(VectorStoreError);
    expect(there).toMatchObject({
      name: 'VectorStoreError',
      code: 'WORKER_LOST',
      message: 'gone',
      problems,
      problemCount: 150,
      outcome: 'unknown',
    });
    expect(there.stack).toBe(error.stack);
    expect(there.cause).toBeUndefined();
  });

  it('L1 adds nothing that was not there', () => {
    const there = crossed(new VectorStoreError('CLOSED', 'x'));
    const keys = ['problems', 'problemCount', 'outcome', 'cause', 'needed', 'available', 'retryAfterMs'];
    for (const key of keys) expect(key in there).toBe(false);
  });

  it('L1 keeps how long to wait before the next try', () => {
    const there = crossed(new VectorStoreError('SERVER_UNAVAILABLE', 'busy', { retryAfterMs: 1_500 }));
    expect(there).toMatchObject({ code: 'SERVER_UNAVAILABLE', retryAfterMs: 1_500 });
  });

  it('L1 S12 keeps how many bytes were needed and available, none too', () => {
    const there = crossed(new VectorStoreError('QUOTA_EXCEEDED', 'full', { needed: 5, available: 0 }));
    expect(there).toMatchObject({ code: 'QUOTA_EXCEEDED', needed: 5, available: 0 });
  });

  it('L1 keeps the chain of causes, of any class, five deep, also where it is a circle', () => {
    const inner = new DOMException('no room', 'QuotaExceededError');
    const error = new VectorStoreError('QUOTA_EXCEEDED', 'full', {
      cause: new TypeError('while writing', { cause: inner }),
    });
    const there = crossed(error);
    expect(there.cause).toMatchObject({ name: 'TypeError', message: 'while writing' });
    expect((there.cause as Error).cause).toMatchObject({ name: 'QuotaExceededError', message: 'no room' });
    const circle = new Error('circle');
    circle.cause = circle;
    let depth = 0;
    for (let at: unknown = crossed(circle); at !== undefined; at = (at as Error).cause) depth++;
    expect(depth).toBe(6);
  });

  it('L1 makes an error of whatever was thrown', () => {
    expect(crossed('a string')).toMatchObject({ name: 'Error', message: 'a string' });
    expect(crossed(undefined)).toMatchObject({ message: 'undefined' });
    expect(crossed(Object.create(null, { toString: { value: () => 'odd' } }))).toMatchObject({
      message: 'odd',
    });
    const aborted = new VectorStoreError('ABORTED', 'x', { cause: 'the reason' });
    expect(crossed(aborted).cause).toMatchObject({ message: 'the reason' });
  });
});

describe('batchError', () => {
  const problem = (position: number, code: Problem['code'] = 'DUPLICATE_ID'): Problem => ({
    position,
    code,
    message: `problem ${position}.`,
  });

  it('V1 lists 100 problems, counts all, and shows three', () => {
    const error = batchError(
      'records',
      Array.from({ length: 120 }, (_, i) => problem(i)),
      5_000,
    );
    expect(error.problems).toHaveLength(100);
    expect(error.problemCount).toBe(5_000);
    expect(error.message).toMatch(/^5000 problem.*position 0: .*position 2: .*And 4997 more/);
    expect(error.message).not.toContain('position 3');
  });

  it('V1 has the code that all problems share, else INVALID_ARGUMENT', () => {
    expect(batchError('records', [problem(0), problem(1)], 2).code).toBe('DUPLICATE_ID');
    const mixed = batchError('records', [problem(0), problem(1, 'DIMENSION_MISMATCH')], 2);
    expect(mixed.code).toBe('INVALID_ARGUMENT');
  });
});

it('C13 throwIfAborted throws ABORTED with the reason as its cause, and only then', () => {
  throwIfAborted(undefined);
  throwIfAborted(new AbortController().signal);
  expect(() => throwIfAborted(AbortSignal.abort('enough'))).toThrow(
    expect.objectContaining({ code: 'ABORTED', cause: 'enough' }),
  );
});
