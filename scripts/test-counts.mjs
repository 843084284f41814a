// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures of each failed test its name and the first line of what it said
 */

/** @param {string} name @param {string | undefined} message */
const failure = (name, message) => `${name}: ${firstLine(message)}`;
/** @param {string} [message] */
const firstLine = (message = '') => stripVTControlCharacters(message).split('\n')[0];

/**
 * @param {string} report path of a report by Vitest's JSON reporter
 * @returns {Counts}
 */
export function vitestCounts(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0, failures: [] };
  const result = JSON.parse(readFileSync(report, 'utf8'));
  /** @type {{ name: string, status: string, message?: string, assertionResults: { status: string, fullName: string, failureMessages?: string[] }[] }[]} */
  const files = result.testResults;
  const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const tests = files.flatMap((file) => file.assertionResults);
  return {
    passed: result.numPassedTests,
    // A file that could not be loaded has failed without having a test.
    failed: result.numFailedTests + broken.length,
    skipped: result.numPendingTests + result.numTodoTests,
    failures: [
      ...broken.map((file) => failure(file.name, file.message)),
      ...tests
        .filter((test) => test.status === 'failed')
        .map((test) => failure(test.fullName, test.failureMessages?.[0])),
    ],
  };
}

/**
 * @param {string} report path of a report by Playwright's JSON reporter
 * @returns {Counts}
 */
export function playwrightCounts(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0, failures: [] };
  const { stats, suites } = JSON.parse(readFileSync(report, 'utf8'));
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky,
    skipped: stats.skipped,
    failures: suites.flatMap(failuresOf),
  };
}

/**
 * @param {Suite} suite
 * @returns {string[]}
 */
function failuresOf({ suites = [], specs = [] }) {
  const failed = specs.filter((spec) => !spec.ok);
  return [
    ...failed.flatMap((spec) =>
      spec.tests.map(({ projectName, results }) =>
        failure(`[${projectName}] ${spec.file}: ${spec.title}`, results[0]?.error?.message),
      ),
    ),
    ...suites.flatMap(failuresOf),
  ];
}

/**
 * @typedef {object} Spec
 * @property {string} title
 * @property {string} file
 * @property {boolean} ok
 * @property {{ projectName: string, results: { error?: { message?: string } }[] }[]} tests
 */

/**
 * @typedef {object} Suite
 * @property {Suite[]} [suites]
 * @property {Spec[]} [specs]
 */
