import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/trino/*.trino.ts"],
    globalSetup: ["tests/lib/global-setup.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
