import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/exact/**/*.exact.ts"],
    globalSetup: ["tests/lib/global-setup.ts", "tests/exact/prepare-python.ts"],
    // The corpus and the tables are read by the same few processes.
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
  },
});
