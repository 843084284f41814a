import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Builder, Capabilities, type WebDriver } from 'selenium-webdriver';
import { findWebKit } from '../../../scripts/browsers.mjs';

const UP_MS = 60_000;
const SCRIPT_MS = 80_000;

export interface WebKitSession {
  readonly driver: WebDriver;
  close(): Promise<void>;
}

/** Starts WebKitGTK's small browser on a display of its own. */
export async function openWebKit(): Promise<WebKitSession> {
  const found = findWebKit();
  if (found === undefined) throw new Error('There is no WebKitGTK. "npm run test:webkit" installs it.');
  const port = await freePort();
  const command = [found.driver, `--port=${port}`];
  // A process group of its own, so that the display and the browser end with it.
  const child = spawn('xvfb-run', ['--auto-servernum', ...command], { detached: true, stdio: 'ignore' });
  try {
    const url = `http://127.0.0.1:${port}`;
    await isUp(child, url);
    const driver = await new Builder()
      .usingServer(url)
      .withCapabilities(
        new Capabilities({
          browserName: 'MiniBrowser',
          'webkitgtk:browserOptions': { binary: found.browser, args: ['--automation'] },
        }),
      )
      .build();
    await driver.manage().setTimeouts({ script: SCRIPT_MS, pageLoad: UP_MS });
    const close = async () => {
      await driver.quit().catch(() => undefined);
      end(child);
    };
    return { driver, close };
  } catch (error) {
    end(child);
    throw error;
  }
}

async function isUp(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + UP_MS;
  let failure: unknown;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`xvfb-run ended with ${child.exitCode}`);
    try {
      const { value } = (await (await fetch(`${url}/status`)).json()) as { value: { ready: boolean } };
      if (value.ready) return;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('WebKitWebDriver did not come up', { cause: failure });
}

function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
