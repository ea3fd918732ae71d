import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/endurance/*.endurance.ts"],
    testTimeout: 40 * 60_000,
    hookTimeout: 120_000,
  },
});
