import { expect, test } from 'vitest';
import { ConfirmedWrites } from './confirmed-writes.js';
import { type Argument, RedisError, type RedisPort, type Reply } from './redis-port.js';
import { script } from './scripts/script.js';

// What WAIT says is only worth something in races that no real server can be made to lose at will.

const call = (key: string) => ({ script: script('', 'return 1'), keys: [key], args: [] });

/** A server of which the test says what it answers, to one command after another. */
function fakeRedis(
  answer: (command: readonly Argument[], sent: readonly string[]) => Reply | Promise<Reply>,
) {
  const sent: string[] = [];
  const send = async (command: readonly Argument[]) => {
    sent.push(String(command[0] === 'CLIENT' ? command[1] : command[0]));
    return answer(command, sent);
  };
  const port: RedisPort = {
    send: (_key, command) => send(command),
    connection: async () => ({ server: '', send }),
    another: async () => port,
    subscribe: async () => {},
    unsubscribe: async () => {},
    close: async () => {},
  };
  return { sent, writes: new ConfirmedWrites(port) };
}

/** One connection, which keeps its name, to a master with replicas of which some have everything. */
function honest(replicas: number, connected = 1) {
  let name: Argument = '';
  return ([command, sub, value]: readonly Argument[]): Reply => {
    if (command === 'CLIENT' && sub === 'SETNAME') name = value!;
    if (command === 'CLIENT' && sub === 'GETNAME') return Buffer.from(name);
    if (command === 'INFO') return Buffer.from(infoOf(connected));
    return command === 'WAIT' ? replicas : 1;
  };
}

/** As Redis says it; one more is still copying. */
const infoOf = (connected: number) =>
  [
    ...['# Replication', 'role:master', `connected_slaves:${connected + 1}`],
    ...Array.from({ length: connected }, (_, i) => `slave${i}:ip=::1,port=1,state=online,offset=9,lag=0`),
    `slave${connected}:ip=::1,port=1,state=wait_bgsave,offset=0,lag=0`,
  ].join('\r\n');

test('G7 a write is confirmed by WAIT behind it on one connection', async () => {
  const { writes, sent } = fakeRedis(honest(1));
  expect(await writes.run(call('a'))).toEqual({ reply: 1, replicated: true });
  expect(sent).toEqual(['SETNAME', 'EVALSHA', 'INFO', 'WAIT', 'GETNAME']);
});

test('G7 it is not where no replica has it', async () => {
  expect(await fakeRedis(honest(0)).writes.run(call('a'))).toEqual({ reply: 1, replicated: false });
});

test('G7 it is where every replica has it, and not where one of two lacks it', async () => {
  const both = fakeRedis(honest(2, 2));
  expect(await both.writes.run(call('a'))).toEqual({ reply: 1, replicated: true });
  expect(await fakeRedis(honest(1, 2)).writes.run(call('a'))).toEqual({ reply: 1, replicated: false });
});

test('G7 it is waited for as many replicas as there are, also the first time', async () => {
  const waits: unknown[] = [];
  const answer = honest(0, 2);
  const { writes } = fakeRedis((command) => {
    if (command[0] !== 'WAIT') return answer(command);
    waits.push(command[1]);
    return Number(command[1]);
  });
  expect((await writes.run(call('a'))).replicated).toBe(true);
  expect((await writes.run(call('a'))).replicated).toBe(true);
  expect(waits).toEqual(['1', '2', '2']);
});

test('G7 it is not where the client connected anew between write and WAIT', async () => {
  const answer = honest(2);
  const { writes } = fakeRedis((command) => (command[1] === 'GETNAME' ? null : answer(command)));
  expect(await writes.run(call('a'))).toEqual({ reply: 1, replicated: false });
});

test('G7 what comes while one waits goes together behind it', async () => {
  let release = (_: Reply) => {};
  const answer = honest(1);
  let waits = 0;
  const { writes, sent } = fakeRedis((command) =>
    command[0] === 'WAIT' && waits++ === 0
      ? new Promise<Reply>((resolve) => (release = resolve))
      : answer(command),
  );
  const first = writes.run(call('a'));
  await expect.poll(() => sent).toContain('GETNAME');
  const others = [writes.run(call('b')), writes.run(call('c'))];
  release(1);
  const all = await Promise.all([first, ...others]);
  expect(all.every(({ replicated }) => replicated)).toBe(true);
  expect(sent).toEqual([
    ...['SETNAME', 'EVALSHA', 'INFO', 'WAIT', 'GETNAME'],
    ...['SETNAME', 'EVALSHA', 'EVALSHA', 'INFO', 'WAIT', 'GETNAME'],
  ]);
});

test('G7 a key that has moved is followed, and not confirmed', async () => {
  const answer = honest(1);
  let moved = true;
  const { writes } = fakeRedis((command) => {
    if (command[0] === 'EVALSHA' && moved) {
      moved = false;
      throw new RedisError('MOVED 1 127.0.0.1:1');
    }
    return answer(command);
  });
  expect(await writes.run(call('a'))).toEqual({ reply: 1, replicated: false });
});

test('G7 a script that the server does not know is sent whole, and confirmed', async () => {
  const answer = honest(1);
  const { writes, sent } = fakeRedis((command) => {
    if (command[0] === 'EVALSHA') throw new RedisError('NOSCRIPT no matching script');
    return answer(command);
  });
  expect(await writes.run(call('a'))).toEqual({ reply: 1, replicated: true });
  expect(sent).toContain('EVAL');
});
