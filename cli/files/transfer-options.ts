import { whole } from "../command/options.ts";
import { retriesDefault } from "../transfer/retry-limits.ts";

/** Options of commands that transfer files. */
export const parallel = whole("n", "files at the same time (default 4)", { min: 1, max: 32 });
export const parallelDefault = 4;
export const retries = whole("n", `attempts after a lost connection (default ${retriesDefault})`, {
  max: 1000,
});
