/** Sums the reports of vitest's JSON reporter and the checks given as `name=passed|failed`; prints the counts last. */

import { readFileSync } from 'node:fs';

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

/** Adds one vitest report; a file that could not even load counts as one failure. */
function addReport(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    failures.push(`${path}: vitest wrote no report`);
    total.failed += 1;
    return;
  }
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  for (const file of report.testResults) {
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    failures.push(...failed.map((test) => `${file.name}: ${test.fullName}`));
    if (file.status === 'failed' && failed.length === 0) {
      total.failed += 1;
      failures.push(`${file.name}: ${file.message.split('\n')[0]}`);
    }
  }
}

for (const argument of process.argv.slice(2)) {
  const [, name, outcome] = /^([^/]+)=(passed|failed|skipped)$/.exec(argument) ?? [];
  if (outcome === undefined) {
    addReport(argument);
  } else {
    total[outcome] += 1;
    if (outcome === 'failed') failures.push(name);
  }
}

for (const failure of failures) console.log(`FAILED  ${failure}`);
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
