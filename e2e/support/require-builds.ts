import { existsSync } from 'node:fs';

/** Runs before all tests: what they test has to be there. */
export default function requireBuilds(): void {
  for (const [file, command] of [
    ['dist/standalone/nearshore.js', 'npm run build'],
    ['demo/dist/index.html', 'npm run build:demo'],
  ] as const) {
    if (existsSync(new URL(`../../${file}`, import.meta.url))) continue;
    throw new Error(`${file} is not there. The end-to-end tests run what was built. Run "${command}" first.`);
  }
}
