// @ts-check
import { existsSync, readFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string} report path of a report by Vitest's JSON reporter
 * @returns {Counts}
 */
export function vitestCounts(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8'));
  /** @type {{ status: string, assertionResults: unknown[] }[]} */
  const files = result.testResults;
  return {
    passed: result.numPassedTests,
    // A file that could not be loaded has failed without having a test.
    failed:
      result.numFailedTests +
      files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/**
 * @param {string} report path of a report by Playwright's JSON reporter
 * @returns {Counts}
 */
export function playwrightCounts(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0 };
  const { stats } = JSON.parse(readFileSync(report, 'utf8'));
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
}
