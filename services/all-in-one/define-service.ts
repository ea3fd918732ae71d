import type { Run } from "../lib/process/lifetime.ts";
import type { Env } from "../lib/settings/env.ts";

/** A service that is configured from an environment. The type hides its settings. */
export type Service = {
  /** Reads the settings without a start. Throws a ConfigError with every problem. */
  readonly checkSettings: (env: Env) => void;
  readonly run: Run<Env>;
};

export const defineService = <Config>(parseConfig: (env: Env) => Config, run: Run<Config>): Service => ({
  checkSettings: parseConfig,
  run: async (env, stop, ready) => run(parseConfig(env), stop, ready),
});
