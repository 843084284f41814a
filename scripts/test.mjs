// @ts-check
// `npm test`: every check, in one summary. `npm test -- unit e2e` runs those steps only.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBrowsers } from './ensure-browsers.mjs';
import { ensureRedis } from './ensure-redis.mjs';
import { ensureWebKit } from './ensure-webkit.mjs';
import { run } from './run.mjs';
import { playwrightCounts, vitestCounts } from './test-counts.mjs';

/**
 * @typedef {object} Step
 * @property {readonly (readonly string[])[]} commands run side by side
 * @property {boolean} [browsers] needs real browsers
 * @property {boolean} [redis] needs a real Redis
 * @property {() => Promise<string | undefined>} [skipped] why it cannot run here, if it cannot
 * @property {(report: string) => import('./test-counts.mjs').Counts} [counts] reads the runner's JSON report;
 *   without it each command counts as one
 */

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const reports = mkdtempSync(join(tmpdir(), 'nearshore-test-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));
/** @param {string} step */
const reportOf = (step) => join(reports, `${step}.json`);

/** @param {string} step @param {readonly string[]} projects */
const vitest = (step, projects) => [
  ...['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportOf(step)}`],
  ...projects.map((project) => `--project=${project}`),
];
/** @param {string} project */
const tsc = (project) => ['tsc', '-p', project];

/** @type {Record<string, Step>} */
const STEPS = {
  lint: { commands: [['biome', 'check', '--error-on-warnings']] },
  typecheck: {
    commands: [
      ...[
        'src/shared',
        'src/client',
        'src/react',
        'src/langchain',
        'src/worker',
        'src/server',
        'src/testing',
        'src/testing/worker',
      ],
      '.',
    ].map(tsc),
  },
  knip: { commands: [['knip']] },
  // Fails where an exported name has no comment, or a link leads nowhere.
  docs: { commands: [['typedoc']] },
  unit: { commands: [vitest('unit', ['unit'])], counts: vitestCounts },
  redis: { commands: [vitest('redis', ['redis', 'simulation'])], counts: vitestCounts, redis: true },
  browser: {
    commands: [vitest('browser', ['chromium', 'firefox'])],
    counts: vitestCounts,
    browsers: true,
  },
  // Apart from the step before, because a step without any test fails.
  isolated: { commands: [vitest('isolated', ['isolated'])], counts: vitestCounts, browsers: true },
  webgpu: { commands: [vitest('webgpu', ['webgpu'])], counts: vitestCounts, browsers: true },
  build: { commands: [['npm', 'run', 'build']] },
  size: { commands: [['size-limit']] },
  // Publint and attw, and the packed package in other people's apps.
  package: {
    commands: [['node', 'scripts/test-consumers.mjs', '--reporter=list,json']],
    counts: playwrightCounts,
    browsers: true,
  },
  webkit: {
    commands: [['node', 'scripts/test-webkit.mjs', '--reporter=list,json']],
    counts: playwrightCounts,
    skipped: ensureWebKit,
  },
  demo: { commands: [['npm', 'run', 'build:demo']] },
  e2e: {
    commands: [['playwright', 'test', '--reporter=list,json']],
    counts: playwrightCounts,
    browsers: true,
    redis: true,
  },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((step) => !(step in STEPS));
if (unknown.length > 0) {
  console.error(`There is no step ${unknown.join(', ')}. The steps are ${Object.keys(STEPS).join(', ')}.`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const table = [];
/** @type {string[]} */
const failures = [];
const names = Object.keys(STEPS).filter((step) => asked.length === 0 || asked.includes(step));
if (names.some((name) => STEPS[name]?.browsers)) await ensureBrowsers();
if (names.some((name) => STEPS[name]?.redis)) await ensureRedis();
for (const name of names) await runStep(name);

console.log(`\n${['step       passed  failed  skipped  seconds', ...table].join('\n')}\n`);
// Once more at the end: of a long output often the end alone is kept.
if (failures.length > 0) console.log(`${failures.join('\n')}\n`);
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed > 0 ? 1 : 0;

/** @param {string} name */
async function runStep(name) {
  const step = /** @type {Step} */ (STEPS[name]);
  const started = performance.now();
  console.log(`▶ ${name}`);
  const reason = await step.skipped?.();
  if (reason !== undefined) {
    console.log(`  – ${name} was skipped: ${reason}`);
    table.push(rowOf(name, { passed: 0, failed: 0, skipped: 1 }, 0));
    total.skipped += 1;
    return;
  }
  const runs = await Promise.all(
    step.commands.map((command) => run(command, { PLAYWRIGHT_JSON_OUTPUT_FILE: reportOf(name) })),
  );
  const broken = runs.filter((result) => !result.ok);
  const counts = step.counts
    ? step.counts(reportOf(name))
    : { passed: runs.length - broken.length, failed: broken.length, skipped: 0, failures: [] };
  // A runner can fail without a failed test: no tests found, an error outside of any, a crash.
  if (broken.length > 0 && counts.failed === 0) counts.failed = 1;

  for (const result of broken) console.log(result.output);
  const seconds = (performance.now() - started) / 1000;
  table.push(rowOf(name, counts, seconds));
  console.log(
    `  ${counts.failed > 0 ? '✘' : '✔'} ${name}: ${counts.passed} passed in ${seconds.toFixed(1)} s`,
  );
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  failures.push(...counts.failures.map((failure) => `✘ ${name}: ${failure}`));
}

/** @param {string} name @param {{ passed: number, failed: number, skipped: number }} counts @param {number} seconds */
function rowOf(name, { passed, failed, skipped }, seconds) {
  return (
    `${name.padEnd(9)} ${String(passed).padStart(7)} ${String(failed).padStart(7)} ` +
    `${String(skipped).padStart(8)} ${seconds.toFixed(1).padStart(8)}`
  );
}
