import { relative } from "node:path";
import type { Reporter, TestModule, Vitest } from "vitest/node";
import { findSlowFile } from "./slow-files.ts";

/** Files that take longer are reported, in milliseconds. */
const slowMs = 5000;

/** Prints at the end which files took long, their slowest test, and why they do. */
export class SlowReport implements Reporter {
  private root = "";

  onInit({ config }: Vitest): void {
    this.root = config.root;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const slow = modules
      .map((module) => ({ module, ms: module.diagnostic().duration }))
      .filter(({ ms }) => ms > slowMs)
      .toSorted((one, other) => other.ms - one.ms);
    if (slow.length === 0) return;
    console.log(`\n${slow.length} files took more than ${slowMs / 1000} s:`);
    for (const { module, ms } of slow) {
      const path = relative(this.root, module.moduleId);
      const reason = findSlowFile(path)?.reason ?? "NO REASON is given in tools/test-run/slow-files.ts";
      console.log(`${seconds(ms)}  ${path}: ${reason}${slowestOf(module)}`);
    }
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(6)} s`;

/** The slowest test of a module, where it alone is slow. */
function slowestOf(module: TestModule): string {
  const tests = [...module.children.allTests()].map((test) => ({
    name: test.fullName,
    ms: test.diagnostic()?.duration ?? 0,
  }));
  const [slowest] = tests.toSorted((one, other) => other.ms - one.ms);
  return slowest && slowest.ms > slowMs ? `\n          ${seconds(slowest.ms)}  ${slowest.name}` : "";
}
