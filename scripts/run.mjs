// @ts-check
import { spawn } from 'node:child_process';
import { resolve as absolute, delimiter } from 'node:path';

const LIMIT_MINUTES = 45;

/**
 * Runs a command, of the system or of an installed package, to its end or for 45 minutes.
 *
 * @param {readonly string[]} command
 * @param {Record<string, string>} [env] added to the environment
 * @returns {Promise<{ ok: boolean, output: string }>} its standard output and error, as they came
 */
export function run(command, env = {}) {
  return new Promise((resolve) => {
    const [program, ...args] = command;
    const path = [absolute('node_modules/.bin'), process.env.PATH].join(delimiter);
    // A process group of its own, so that whatever it started ends with it.
    const child = spawn(/** @type {string} */ (program), args, {
      env: { ...process.env, PATH: path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = `$ ${command.join(' ')}\n`;
    const stop = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group has ended by itself.
      }
    };
    const onInterrupt = () => {
      stop();
      process.exit(130);
    };
    const timer = setTimeout(() => {
      output += `\nStopped: it ran for more than ${LIMIT_MINUTES} minutes.\n`;
      stop();
    }, LIMIT_MINUTES * 60_000);
    process.once('SIGINT', onInterrupt);
    process.once('SIGTERM', onInterrupt);

    /** @param {boolean} ok */
    const end = (ok) => {
      clearTimeout(timer);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      resolve({ ok, output });
    };
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      output += String(error);
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}
