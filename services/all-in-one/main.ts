import { withSecrets } from "../lib/env.ts";
import { stopSignal } from "../lib/lifetime.ts";
import { allInOneSecrets, parseConfig } from "./config.ts";
import { run } from "./run.ts";
import { welcome } from "./welcome.ts";

try {
  const config = parseConfig(withSecrets(process.env, allInOneSecrets));
  await run(config, stopSignal(), (started) => {
    console.log(welcome(started, config.bootstrapAdminEmail));
  });
} catch (error) {
  console.error(`sluice: ${(error as Error).message}`);
  process.exitCode = 1;
}
