import type { Run } from "../lib/process/lifetime.ts";
import type { Env } from "../lib/settings/env.ts";

/** A service as something that runs from an environment, whatever its settings are. */
export type Service = {
  /** Reads the settings alone. Throws a ConfigError with every problem. */
  readonly checkSettings: (env: Env) => void;
  readonly run: Run<Env>;
};

export const defineService = <Config>(parseConfig: (env: Env) => Config, run: Run<Config>): Service => ({
  checkSettings: parseConfig,
  run: async (env, stop, ready) => run(parseConfig(env), stop, ready),
});
