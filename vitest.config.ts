import { defineConfig } from "vitest/config";
import { FailureReport } from "./tools/test-run/failure-report.ts";
import { LongestFirst } from "./tools/test-run/longest-first.ts";
import { projects } from "./tools/test-run/projects.ts";
import { SlowReport } from "./tools/test-run/slow-report.ts";

export default defineConfig({
  test: {
    globalSetup: ["tests/lib/global-setup.ts"],
    reporters: ["default", new SlowReport(), new FailureReport()],
    sequence: { sequencer: LongestFirst },
    projects: projects.map((project) => ({
      test: {
        ...project,
        testTimeout: 120_000,
        hookTimeout: 120_000,
        expect: { poll: { timeout: 20_000 } },
      },
    })),
  },
});
