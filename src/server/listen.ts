import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';

/** Milliseconds that the head, and the whole of a request may take to come. */
const HEAD_MS = 20_000;
const REQUEST_MS = 60_000;
/** A connection over which nothing goes for so long is closed: its reader does not read. */
const IDLE_MS = 60_000;

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Takes no more, lets what is under way end within `graceMs`, and ends the rest. */
  close(graceMs: number): Promise<void>;
}

export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createAdaptorServer({
    fetch,
    // The globals of the process that this is a part of stay as they are.
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: HEAD_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 5_000,
    },
  }) as Server;
  server.setTimeout(IDLE_MS);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port: given } = server.address() as AddressInfo;
  return {
    host,
    port: given,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(late);
    },
  };
}
