import type { WebDriver } from 'selenium-webdriver';
import { type Encoded, makePageCodec } from './page-codec.js';

const { encode, decode } = makePageCodec();
const POLL_MS = 50;

type PageFunction = ((arg: never) => unknown) | string;

/** Collects what a page violates of its policy; its workers cannot be heard from here. */
const LISTEN_FOR_VIOLATIONS = `
  globalThis.violations = [];
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
    violations.push(effectiveDirective + ' ' + blockedURI));`;

/** Of Playwright's `BrowserContext`, what makes a page of a test. */
export class WebKitContext {
  readonly initScripts = [LISTEN_FOR_VIOLATIONS];
  readonly cspViolations: string[] = [];

  async addInitScript(script: string): Promise<void> {
    this.initScripts.push(script);
  }
}

/**
 * Of Playwright's `Page`, what the tests of the public API use, by WebDriver. Scripts of `addInitScript` run when the
 * page has loaded, before anything that a test does on it.
 */
export class WebKitPage {
  constructor(
    private readonly driver: WebDriver,
    /** Of the address that paths are relative to. */
    private readonly origin: string,
    private readonly context: WebKitContext,
  ) {}

  async goto(path: string): Promise<void> {
    await this.driver.get(new URL(path, this.origin).href);
    await this.#initialize();
  }

  async reload(): Promise<void> {
    await this.driver.navigate().refresh();
    await this.#initialize();
  }

  async evaluate(task: PageFunction, arg?: unknown): Promise<unknown> {
    const call = typeof task === 'string' ? task : `(${task})(decode(given))`;
    const answer = (await this.driver.executeAsyncScript(
      `const [given, done] = arguments;
       const { encode, decode } = (${makePageCodec})();
       (async () => ${call})().then(
         (value) => ({ value: encode(value) }),
         (error) => ({ failure: String(error) + '\\n' + (error?.stack ?? '') }),
       ).then((outcome) => done({ ...outcome, violations: violations.splice(0) }));`,
      encode(arg),
    )) as ({ value: Encoded } | { failure: string }) & { violations: string[] };
    this.context.cspViolations.push(...answer.violations);
    if ('failure' in answer) throw new Error(`page.evaluate: ${answer.failure}`);
    return decode(answer.value);
  }

  async waitForFunction(task: PageFunction, arg?: unknown, options: { timeout?: number } = {}) {
    const deadline = Date.now() + (options.timeout ?? 30_000);
    while (!(await this.evaluate(task, arg))) {
      if (Date.now() > deadline) throw new Error(`page.waitForFunction: it was never true: ${task}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #initialize(): Promise<void> {
    for (const script of this.context.initScripts) await this.driver.executeScript(script);
  }
}
