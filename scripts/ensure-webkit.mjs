// @ts-check
import { existsSync } from 'node:fs';
import { findWebKit } from './browsers.mjs';
import { run } from './run.mjs';

const INSTALL = ['apt-get', 'install', '-y', '--no-install-recommends', 'webkit2gtk-driver', 'xvfb', 'xauth'];

/**
 * Installs WebKitGTK where that is possible.
 *
 * @returns {Promise<string | undefined>} why its tests cannot run; undefined: they can
 */
export async function ensureWebKit() {
  if (findWebKit() !== undefined) return undefined;
  const byHand = 'Debian and Ubuntu have it as webkit2gtk-driver, to be installed with xvfb and xauth.';
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0)
    return `there is no WebKitGTK, and it is installed by itself only on Debian, as root. ${byHand}`;
  let output = '';
  for (const command of [['apt-get', 'update', '-qq'], INSTALL]) {
    console.log(`▶ no WebKitGTK: ${command.join(' ')}`);
    const result = await run(command, { DEBIAN_FRONTEND: 'noninteractive' });
    if (!result.ok) output += result.output;
  }
  return findWebKit() === undefined ? `WebKitGTK could not be installed. ${byHand}\n${output}` : undefined;
}
