import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Whoever ends without having stopped them takes them along. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const PROGRAM = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url));

/** The built sync server, in a process of its own. */
export interface SyncServer {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: number;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
  /** Another process, on another port. */
  restart(): Promise<void>;
}

export interface SyncServerOptions {
  /** Of Redis. */
  readonly redis: string;
  /** Default: `--dev`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function startSyncServer(options: SyncServerOptions): Promise<SyncServer> {
  let { child, url } = await launch(options);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    get url() {
      return url;
    },
    get port() {
      return Number(new URL(url).port);
    },
    get pid() {
      return child.pid!;
    },
    kill,
    async restart() {
      await kill();
      ({ child, url } = await launch(options));
    },
  };
}

async function launch({ redis, flags = ['--dev'], env = {} }: SyncServerOptions) {
  const args = [PROGRAM, '--port', '0', '--redis', redis, '--requests-per-second', '100000', ...flags];
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`The sync server has ended with ${code}: ${errors}`);
    }),
  ])) as [string];
  const url = /http:\/\/\S+/.exec(line)?.[0];
  if (url === undefined) throw new Error(`The sync server does not say where it is, but: ${line}`);
  return { child, url };
}
