import { relative } from "node:path";
import type { Reporter, SerializedError, TestModule, Vitest } from "vitest/node";

/** Lines of each error's message that are printed. */
const messageLines = 12;

/** Prints at the end which tests failed, and why: a log that is cut keeps its last lines. */
export class FailureReport implements Reporter {
  private root = "";

  onInit({ config }: Vitest): void {
    this.root = config.root;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const lines = [...modules.flatMap((module) => this.failuresOf(module)), ...errors.flatMap(describe)];
    if (lines.length > 0) console.log(`\nfailed:\n${lines.join("\n")}`);
  }

  private failuresOf(module: TestModule): string[] {
    const path = relative(this.root, module.moduleId);
    const tests = [...module.children.allTests("failed")].flatMap((test) => [
      `  ${path} > ${test.fullName}`,
      ...(test.result().errors ?? []).flatMap(describe),
    ]);
    const suites = [module, ...module.children.allSuites()].flatMap((suite) =>
      suite.errors().flatMap(describe),
    );
    return suites.length > 0 ? [`  ${path}`, ...suites, ...tests] : tests;
  }
}

function describe({ message, stacks }: SerializedError): string[] {
  const place = stacks?.at(0);
  const where = place ? [`at ${place.file}:${place.line}`] : [];
  return [...message.split("\n").slice(0, messageLines), ...where].map((line) => `      ${line}`);
}
