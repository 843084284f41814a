// @ts-check
// Finds the browsers that tests and benches run in. The only place that knows where they are.
import { existsSync, readdirSync } from 'node:fs';
import { chromium, firefox } from 'playwright';

/**
 * @typedef {'chromium' | 'firefox'} BrowserName
 * @typedef {Pick<import('playwright').LaunchOptions,
 *   'executablePath' | 'channel' | 'args' | 'firefoxUserPrefs'>} BrowserLaunch what to launch it with
 */

/** @type {Record<BrowserName, { variable: string, paths: string[], own: string }>} */
const KNOWN = {
  chromium: {
    variable: 'NEARSHORE_CHROMIUM',
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser'],
    own: chromium.executablePath(),
  },
  firefox: {
    variable: 'NEARSHORE_FIREFOX',
    paths: ['/usr/bin/firefox-esr'],
    own: firefox.executablePath(),
  },
};

const CHROMIUM_ARGS = [
  // Chromium's sandbox does not start as root or in most containers.
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** For Chromium: WebGPU, computed on the CPU. Right, and 100 to 300 times slower than WASM. */
export const WEBGPU_ARGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/**
 * How to launch a browser: the one its environment variable names, else the system's, else Playwright's own.
 *
 * @param {BrowserName} name
 * @returns {BrowserLaunch | undefined} undefined where there is none
 */
export function findBrowser(name) {
  const { variable, paths, own } = KNOWN[name];
  const named = process.env[variable];
  if (named && !existsSync(named)) {
    throw new Error(
      `${variable} names ${named}, where there is no file. No other ${name} was tried, because that one was asked for. ` +
        'Correct the variable or unset it.',
    );
  }
  const executablePath = named || paths.find((path) => existsSync(path));
  if (executablePath === undefined && !existsSync(own)) return undefined;
  if (name === 'chromium') return { ...(executablePath ? { executablePath } : {}), args: CHROMIUM_ARGS };
  // An unpatched Firefox speaks WebDriver BiDi, which Playwright calls by this channel.
  return executablePath ? { executablePath, channel: 'moz-firefox' } : {};
}

/**
 * As `findBrowser`, or an error that says what to do.
 *
 * @param {BrowserName} name
 * @returns {BrowserLaunch}
 */
export function requireBrowser(name) {
  const found = findBrowser(name);
  if (found) return found;
  const { variable, paths, own } = KNOWN[name];
  throw new Error(
    `No ${name} was found at ${[...paths, own].join(', ')}. Tests and benches run in real browsers. ` +
      `Run "npm test", which installs one, or set ${variable} to the path of yours.`,
  );
}

/**
 * WebKitGTK's driver and the small browser it drives, of Debian's `webkit2gtk-driver`; `xvfb-run` gives it a display.
 *
 * @returns {{ driver: string, browser: string } | undefined} undefined where there is none
 */
export function findWebKit() {
  const driver = '/usr/bin/WebKitWebDriver';
  if (![driver, '/usr/bin/xvfb-run'].every((path) => existsSync(path))) return undefined;
  const browser = readdirSync('/usr/lib')
    .filter((name) => name.endsWith('-linux-gnu'))
    .flatMap((name) => ['4.1', '4.0'].map((api) => `/usr/lib/${name}/webkit2gtk-${api}/MiniBrowser`))
    .find((path) => existsSync(path));
  return browser === undefined ? undefined : { driver, browser };
}
