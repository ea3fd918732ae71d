import { enableCompileCache, flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { stopSignal } from "../lib/process/lifetime.ts";
import { releaseMemoryAtRest } from "../lib/process/release-memory.ts";
import { startTelemetry } from "../lib/process/start-telemetry.ts";
import { ConfigError, parseAll, withSecrets } from "../lib/settings/env.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { parseTelemetry, telemetrySecrets } from "../lib/telemetry/settings.ts";

// The compile cache makes a start about an eighth faster. It is stored beside the packages, where a writer could change
// the code anyway. It is skipped if the folder is not writable.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url)));
const { allInOneSecrets, parseConfig, unreadSettings } = await import("./config.ts");
const { checkSettings } = await import("./check-settings.ts");
const { run } = await import("./run.ts");
const { welcome } = await import("./welcome.ts");

try {
  const env = withSecrets(process.env, [...allInOneSecrets, ...telemetrySecrets]);
  const [config, settings] = parseAll(
    () => parseConfig(env),
    () => parseTelemetry(env),
    () => checkSettings(env),
  );
  for (const unread of unreadSettings(process.env)) console.error(`sluice: ${unread}`);
  using _memory = releaseMemoryAtRest();
  // One admin port and one exporter, because all parts are one process.
  await using telemetry = await startTelemetry("all-in-one", settings, createLog("sluice", config));
  await run(config, stopSignal(), (started) => {
    telemetry.ready();
    console.log(welcome(started, config.bootstrapAdminEmail));
    // Write the cache now: a killed process would not.
    flushCompileCache();
  });
} catch (error) {
  console.error(`sluice: ${(error as Error).message}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
