import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import { type StaticServer, serveFolders } from '../../support/server.js';
import { runToEnd } from './run-to-end.js';

export { expect };

/** Where an app was installed; see install.ts. */
export const folderOf = (app: string) => join(process.env.NEARSHORE_CONSUMERS_FOLDER!, app);

export const build = (app: string) => runToEnd('npm', ['run', 'build'], folderOf(app));

interface Fixtures {
  /** Serves folders until the test ends. */
  serve: (...folders: string[]) => Promise<StaticServer>;
  /** Runs a script of an app's package.json that serves it, until the test ends; resolves to the address it prints. */
  start: (app: string, script: string, ...args: string[]) => Promise<string>;
  /** Requests of the page and its workers that were not answered, and errors it threw. */
  faults: string[];
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
  serve: async ({}, use) => {
    const servers: StaticServer[] = [];
    await use(async (...folders) => {
      const server = await serveFolders(...folders);
      servers.push(server);
      return server;
    });
    for (const server of servers) await server.close();
  },

  // biome-ignore lint/correctness/noEmptyPattern: as above.
  start: async ({}, use) => {
    const children: ChildProcess[] = [];
    await use((app, script, ...args) => {
      // A process group of its own, so that what npm starts ends with it.
      const child = spawn('npm', ['run', script, '--', ...args], { cwd: folderOf(app), detached: true });
      children.push(child);
      return addressOf(child);
    });
    for (const { pid } of children) if (pid !== undefined) process.kill(-pid, 'SIGTERM');
  },

  faults: async ({ context }, use) => {
    const faults: string[] = [];
    context.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    context.on('weberror', (error) => faults.push(String(error.error())));
    context.on('console', (message) => {
      if (/content.security.policy|blocked by CSP|trusted/i.test(message.text())) faults.push(message.text());
    });
    await use(faults);
  },
});

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const listen = (chunk: Buffer) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are written with it.
      printed += chunk.toString().replace(/\u001b\[\d*m/g, '');
      const [address] = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(printed) ?? [];
      if (address !== undefined) resolve(address);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.on('exit', (code) => reject(new Error(`It ended with ${code}:\n${printed}`)));
  });
}

/** What try-everything.js has seen, on the first visit and after a reload. */
export async function seenTwice(page: Page, url: string): Promise<unknown[]> {
  await page.goto(url);
  const first = await seen(page);
  await page.reload();
  return [first, await seen(page)];
}

async function seen(page: Page): Promise<unknown> {
  const handle = await page.waitForFunction(() => (globalThis as { seen?: unknown }).seen, undefined, {
    timeout: 120_000,
  });
  return handle.jsonValue();
}

/** What it sees where everything was found. */
export const EVERYTHING = [0, 3].map((kept) => ({
  kept,
  found: ['puffin', 'wren'],
  index: 'ivf',
  graphs: 'onnx ready',
}));
