import { compileCacheEnv } from "./compile-cache.ts";

/** Environment of every process that tests start. */
export const processEnv = {
  PATH: process.env.PATH,
  ...compileCacheEnv,
  // The default is the lowest priority, which starves engines beside the tests' own work.
  ENGINE_NICENESS: "3",
} as const;
