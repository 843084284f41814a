import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Goes to a server byte by byte, until it is cut. */
export interface CuttableProxy {
  readonly url: string;
  /** Bytes of all answers so far. */
  readonly down: number;
  /** No network from here on: what is open breaks, and what is new is refused. */
  cut(): void;
  mend(): void;
  /**
   * Resolves in the moment that so many more bytes have gone in this direction: up (requests) or down (answers). Until
   * `go` is called these are the last ones.
   */
  after(direction: 'up' | 'down', bytes: number): Promise<{ go: () => void }>;
  close(): Promise<void>;
}

/** @param target where connections go; asked for each */
export async function startProxy(target: () => number): Promise<CuttableProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let down = 0;
  let trap: { direction: 'up' | 'down'; left: number; spring: (go: { go: () => void }) => void } | undefined;

  const pipe = (from: Socket, to: Socket, direction: 'up' | 'down') => {
    from.on('data', (bytes) => {
      if (direction === 'down') down += bytes.length;
      if (trap?.direction !== direction || trap.left > bytes.length) {
        if (trap?.direction === direction) trap.left -= bytes.length;
        to.write(bytes);
        return;
      }
      const { left, spring } = trap;
      trap = undefined;
      from.pause();
      to.write(bytes.subarray(0, left), () =>
        spring({
          go: () => {
            if (!to.destroyed) to.write(bytes.subarray(left));
            from.resume();
          },
        }),
      );
    });
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  };

  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(target(), '127.0.0.1');
    for (const socket of [client, upstream]) {
      socket.setNoDelay();
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    pipe(client, upstream, 'up');
    pipe(upstream, client, 'down');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get down() {
      return down;
    },
    cut() {
      isCut = true;
      breakAll();
    },
    mend() {
      isCut = false;
    },
    after: (direction, bytes) =>
      new Promise((spring) => {
        trap = { direction, left: bytes, spring };
      }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      breakAll();
      await closed;
    },
  };
}
