import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a program; gives what it printed, or throws all of it. */
export async function runToEnd(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      cwd,
      maxBuffer: 2 ** 26,
      timeout: 600_000,
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error });
  }
}
