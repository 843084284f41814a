import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';

export interface HeldServer {
  /** A folder's URL, with a slash at the end. */
  readonly url: string;
  /** The files asked for so far. */
  readonly asked: string[];
  /** Answers what was asked for, and from now on at once. */
  release(): void;
  close(): Promise<void>;
}

/** Serves the files of a folder to any origin, but holds every answer back until `release`. */
export async function holdFolder(folder: URL): Promise<HeldServer> {
  const asked: string[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = createServer(async (request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname);
    asked.push(name);
    await released;
    const type = name.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream';
    const headers = { 'Access-Control-Allow-Origin': '*', 'Content-Type': type, 'Cache-Control': 'no-store' };
    await readFile(new URL(name, folder)).then(
      (body) => response.writeHead(200, headers).end(body),
      () => response.writeHead(404, headers).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    release,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
