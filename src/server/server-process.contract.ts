import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleServer } from '../../scripts/build-server.mjs';

// The program nearshore-server, built and run as a process of its own.

const FOLDER = fileURLToPath(new URL('../../.cache/server-under-test', import.meta.url));
let built: Promise<void> | undefined;

export interface ServerProcess {
  /** Absent where it has ended before it listened. */
  readonly url: string | undefined;
  readonly child: ChildProcess;
  /** Resolves to its exit code. */
  readonly exit: Promise<number | null>;
  stdout(): string;
  stderr(): string;
}

/** What the built package exports. */
export async function importServer(): Promise<typeof import('./index.js')> {
  await (built ??= bundleServer(FOLDER));
  return import(join(FOLDER, 'index.js'));
}

/** Resolves when it listens, or has ended. */
export async function runServer(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<ServerProcess> {
  await (built ??= bundleServer(FOLDER));
  const child = spawn(process.execPath, [join(FOLDER, 'main.js'), ...args], {
    // Nothing of the environment of the tests configures it.
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const line = new Promise<void>((resolve) => {
    child.stdout!.on('data', (data) => {
      stdout += data;
      if (stdout.includes('\n')) resolve();
    });
  });
  child.stderr!.on('data', (data) => {
    stderr += data;
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  await Promise.race([line, exit]);
  return {
    url: /listens on (\S+)\n/.exec(stdout)?.[1],
    child,
    exit,
    stdout: () => stdout,
    stderr: () => stderr,
  };
}
