import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join, normalize } from 'node:path';

export interface StaticServer {
  /** Origin, without a slash at the end. */
  readonly url: string;
  /** Refuses connections from now on, and cuts those that are open: the network is off for every browser. */
  goOffline(): Promise<void>;
  /** Listens again, on the same port. */
  goOnline(): Promise<void>;
  close(): Promise<void>;
}

/**
 * `/<profile>/<file>` is `/<file>` with these headers, for pages and workers alike.
 */
const PROFILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  /** The smallest policy that the package works under. */
  strict: {
    'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
  },
  /** The smallest policy, and no text may become code or a worker's URL. */
  trusted: {
    'Content-Security-Policy':
      "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types nearshore",
  },
  /** The same, without the policy that the package makes. */
  untrusted: {
    'Content-Security-Policy':
      "script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'",
  },
  /** For a worker's script alone: a policy of its own, beside the strict one of its page. */
  eval: {
    'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'; connect-src 'self'",
  },
  /** A policy that forbids WebAssembly. */
  nowasm: { 'Content-Security-Policy': "script-src 'self'; connect-src 'self'" },
  /** Clears the site's data, open or not, as the browser's settings do. */
  cleared: { 'Clear-Site-Data': '"storage"' },
  /** Cross-origin isolated: SharedArrayBuffer, and so WASM threads. */
  isolated: {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  },
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** Serves the first of the folders that has the file, on a free port of the loopback interface. */
export async function serveFolders(...folders: readonly string[]): Promise<StaticServer> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    answer(folders, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    goOffline: stop,
    goOnline: () => listen(port),
    close: stop,
  };
}

async function answer(folders: readonly string[], request: IncomingMessage, response: ServerResponse) {
  let path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
  const profile = PROFILES[path.split('/')[1] ?? ''];
  if (profile) path = path.slice(path.indexOf('/', 1));
  if (path.endsWith('/')) path += 'index.html';
  else if (extname(path) === '') path += '.html';

  const body = await readFirst(folders, path);
  if (!body) {
    response.writeHead(404, profile).end(`No file ${path}`);
    return;
  }
  response.writeHead(200, {
    'Content-Type': CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    'Content-Length': body.byteLength,
    // What answers offline must be the service worker, not the HTTP cache.
    'Cache-Control': 'no-store',
    ...profile,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function readFirst(folders: readonly string[], path: string): Promise<Buffer | undefined> {
  // An absolute path has no way up once it is normalized.
  const inside = normalize(path);
  for (const folder of folders) {
    try {
      return await readFile(join(folder, inside));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EISDIR') throw error;
    }
  }
  return undefined;
}
