import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/storage/s3/*.{test,s3}.ts"],
    globalSetup: ["tests/lib/global-setup.ts"],
    // Here a missing server fails instead of skipping.
    env: { S3_REQUIRED: "true" },
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
