import { describe, expect, it } from 'vitest';
import type { Hint } from '../shared/sync/protocol.js';
import { HintStreams, type HintStreamsOptions } from './hint-streams.js';

const decoder = new TextDecoder();

/** A stream that is listened to, and what tells it hints. */
async function open(
  options: HintStreamsOptions = {},
  expiresAt?: number,
  streams = new HintStreams(options),
) {
  let tell: (hint: Hint) => void = () => {};
  let signal: AbortSignal | undefined;
  const stream = await streams.open({
    tenant: 'acme',
    expiresAt,
    subscribe: async (onHint, ended) => {
      tell = onHint;
      signal = ended;
    },
  });
  const reader = stream.getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? undefined : decoder.decode(value);
  };
  return { streams, reader, read, tell: (hint: Hint) => tell(hint), ended: () => signal!.aborted };
}

describe('H6 a stream of hints', () => {
  it('costs its slow reader one hint per shard, however many come', async () => {
    const { read, tell } = await open();
    expect(await read()).toBe(':\n\n');
    for (let seq = 1; seq <= 200_000; seq++) tell({ shard: seq % 16, seq });
    const events = (await read())!.split('\n\n').filter((event) => event !== '');
    expect(events).toHaveLength(16);
    const seqs = events.map((event) => JSON.parse(event.slice('data: '.length)).seq as number);
    expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => 199_985 + i));
  });

  it('tells the newest of a shard, also where an older one comes later', async () => {
    const { read, tell } = await open();
    await read();
    tell({ shard: 1, seq: 9 });
    tell({ shard: 1, seq: 8 });
    expect(await read()).toBe('data: {"shard":1,"seq":9}\n\n');
    const next = read();
    tell({ shard: 1, seq: 10 });
    expect(await next).toBe('data: {"shard":1,"seq":10}\n\n');
  });

  it('has a heartbeat where nothing comes', async () => {
    const { read } = await open({ heartbeatMs: 1 });
    expect([await read(), await read(), await read()]).toEqual([':\n\n', ':\n\n', ':\n\n']);
  });

  it('leaves the log when its reader is gone', async () => {
    const counts: number[] = [];
    const { reader, ended, read } = await open({ onCount: (by) => counts.push(by) });
    await read();
    await reader.cancel();
    expect(ended()).toBe(true);
    expect(counts).toEqual([1, -1]);
  });

  it('ends with its token', async () => {
    const { read, ended } = await open({}, Date.now() + 20);
    await read();
    expect(await read()).toBeUndefined();
    expect(ended()).toBe(true);
  });

  it('H1 ends when the server closes, while it waits, and none begins then', async () => {
    const { streams, read, ended } = await open({ heartbeatMs: 2 ** 30 });
    await read();
    const waiting = read();
    streams.close();
    expect(await waiting).toBeUndefined();
    expect(ended()).toBe(true);
    await expect(open({}, undefined, streams)).rejects.toMatchObject({ status: 503 });
  });

  it('is refused beyond 1,000 of a tenant, and taken again when one has ended', async () => {
    const { streams, reader } = await open();
    for (let i = 1; i < 1_000; i++) await open({}, undefined, streams);
    await expect(open({}, undefined, streams)).rejects.toMatchObject({ status: 429 });
    await reader.cancel();
    await open({}, undefined, streams);
    streams.close();
  });

  it('that cannot subscribe is counted no more', async () => {
    const counts: number[] = [];
    const streams = new HintStreams({ onCount: (by) => counts.push(by) });
    const subscribe = () => Promise.reject(new Error('no Redis'));
    await expect(streams.open({ tenant: 'a', expiresAt: undefined, subscribe })).rejects.toThrow('no Redis');
    expect(counts).toEqual([1, -1]);
  });
});
