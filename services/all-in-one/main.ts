import { enableCompileCache, flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { stopSignal } from "../lib/process/lifetime.ts";
import { releaseMemoryAtRest } from "../lib/process/release-memory.ts";
import { startTelemetry } from "../lib/process/start-telemetry.ts";
import { ConfigError, parseAll, withSecrets } from "../lib/settings/env.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { parseTelemetry, telemetrySecrets } from "../lib/telemetry/settings.ts";
import { checkCertificates } from "../lib/tls/check-certificates.ts";
import { systemErrorMessage } from "../lib/values/system-error.ts";

// Cached bytecode makes a start about an eighth faster. It lies beside the packages: users who can write there can
// change the code anyway. A read-only folder just has no cache.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url)));
const { allInOneSecrets, parseConfig, unreadSettings } = await import("./config.ts");
const { checkSettings } = await import("./check-settings.ts");
const { checkPort } = await import("./check-port.ts");
const { edgeCertificate } = await import("../../edge/listen/tls-settings.ts");
const { run } = await import("./run.ts");
const { welcome } = await import("./welcome.ts");

try {
  const env = withSecrets(process.env, [...allInOneSecrets, ...telemetrySecrets]);
  const [config, settings] = parseAll(
    () => parseConfig(env),
    () => parseTelemetry(env),
    () => checkSettings(env),
    () => checkCertificates(env, edgeCertificate),
  );
  await checkPort(config.edgeHost, Number(config.edgePort));
  for (const unread of unreadSettings(process.env)) console.error(`sluice: ${unread}`);
  using _memory = releaseMemoryAtRest();
  // One admin port and one exporter: all services share this process.
  await using telemetry = await startTelemetry("all-in-one", settings, createLog("sluice", config));
  await run(config, stopSignal(), (started) => {
    telemetry.ready();
    console.log(welcome(started, config.bootstrapAdminEmail));
    // A killed process would not write the cache.
    flushCompileCache();
  });
} catch (error) {
  console.error(`sluice: ${systemErrorMessage(error)}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
