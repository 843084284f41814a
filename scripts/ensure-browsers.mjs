// @ts-check
import { existsSync } from 'node:fs';
import { findBrowser } from './browsers.mjs';
import { run } from './run.mjs';

/** @typedef {import('./browsers.mjs').BrowserName} BrowserName */

/** @type {readonly BrowserName[]} */
const NAMES = ['chromium', 'firefox'];
const missing = () => NAMES.filter((name) => findBrowser(name) === undefined);

/** Installs the browsers that are not there; ends the process with instructions where that cannot be done. */
export async function ensureBrowsers() {
  const wanted = missing();
  if (wanted.length === 0) return;
  let output = '';
  for (const command of installCommands(wanted)) {
    console.log(`▶ no ${missing().join(', no ')}: ${command.join(' ')}`);
    const result = await run(command, { DEBIAN_FRONTEND: 'noninteractive' });
    if (!result.ok) output += result.output;
    if (missing().length === 0) return;
  }
  console.error(
    `${output}\nNo ${missing().join(' and no ')} could be found or installed. Tests run in real browsers, so none of them ` +
      'was run. Install Chromium and Firefox ESR with the system, or run "npx playwright install --with-deps ' +
      'chromium firefox", or set NEARSHORE_CHROMIUM and NEARSHORE_FIREFOX to their paths.',
  );
  process.exit(1);
}

/** @param {readonly BrowserName[]} names */
function installCommands(names) {
  const packages = { chromium: 'chromium', firefox: 'firefox-esr' };
  const debian = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  return [
    ...(debian
      ? [
          ['apt-get', 'update', '-qq'],
          ['apt-get', 'install', '-y', '--no-install-recommends', ...names.map((name) => packages[name])],
        ]
      : []),
    ['npx', 'playwright', 'install', ...names],
  ];
}
