// Prints one plain closing line, "N passed, N failed, N skipped", which any CI can read.

import type { Reporter, TestModule } from "vitest/node";

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === "passed" || state === "failed" || state === "skipped") count[state] += 1;
      }
      // A file that does not load, or whose hook fails, has no failed test to show for it.
      const blamed = [...module.children.allTests()].some((test) => test.result().state === "failed");
      if (module.state() === "failed" && !blamed) count.failed += 1;
    }
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}
