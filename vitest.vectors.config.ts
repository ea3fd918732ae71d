import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // The suite of the engines again: `npm test` skips pgvector's half where it is not installed.
    include: ["tests/vectors/*.vectors.ts", "tests/storage/vector-engines.test.ts"],
    globalSetup: ["tests/vectors/prepare-python.ts", "tests/lib/global-setup.ts"],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 3_600_000,
  },
});
