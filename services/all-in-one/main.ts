import { enableCompileCache, flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { stopSignal } from "../lib/process/lifetime.ts";
import { releaseMemoryAtRest } from "../lib/process/release-memory.ts";
import { startTelemetry } from "../lib/process/start-telemetry.ts";
import { ConfigError, parseAll, withSecrets } from "../lib/settings/env.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { parseTelemetry, telemetrySecrets } from "../lib/telemetry/settings.ts";

// Code that was compiled before loads faster, by about an eighth of a start. It lies beside the packages: whoever may
// write there may change the code anyway. Where it can't be written there is none.
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
  // One port and one exporter for all parts: they are one process.
  await using telemetry = await startTelemetry("all-in-one", settings, createLog("sluice", config));
  await run(config, stopSignal(), (started) => {
    telemetry.ready();
    console.log(welcome(started, config.bootstrapAdminEmail));
    // A process that is killed would not write it.
    flushCompileCache();
  });
} catch (error) {
  console.error(`sluice: ${(error as Error).message}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
