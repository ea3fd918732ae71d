import { setFlagsFromString } from "node:v8";
import { type Env, parseAll, withSecrets } from "../settings/env.ts";
import { createLog } from "../telemetry/log.ts";
import { parseTelemetry, type TelemetrySettings, telemetrySecrets } from "../telemetry/settings.ts";
import { type CertificateSettings, checkCertificates } from "../tls/check-certificates.ts";
import { meshCertificate } from "../tls/tls-settings.ts";
import { releaseMemoryAtRest } from "./release-memory.ts";
import { startTelemetry } from "./start-telemetry.ts";

// These processes move gigabytes. By default V8 runs a full collection for every 64 MiB of allocated buffers, which
// took most of the CPU time of an upload. With this flag buffers count as heap, and collections follow the memory in
// use.
setFlagsFromString("--external-memory-accounted-in-global-limit");

/** Runs until `stop` aborts. Calls `ready` with its address once it accepts calls. */
export type Run<Config> = (
  config: Config,
  stop: AbortSignal,
  ready: (address: string) => void,
) => Promise<void>;

/** A signal that aborts on the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort();
    });
  }
  return controller.signal;
}

/** Runs one process of the mesh, from its environment to its exit. Invalid settings exit with code 2. */
export async function runProcess<Config extends { logLevel: string }>(
  name: string,
  env: Env,
  options: {
    secrets: readonly string[];
    /** Settings of certificates beside the mesh's. */
    certificates?: readonly CertificateSettings[];
    parseConfig: (env: Env) => Config;
    run: Run<Config>;
  },
): Promise<void> {
  let config: Config;
  let settings: TelemetrySettings;
  try {
    const read = withSecrets(env, [...options.secrets, ...telemetrySecrets]);
    [config, settings] = parseAll(
      () => options.parseConfig(read),
      () => parseTelemetry(read),
      ...[meshCertificate, ...(options.certificates ?? [])].map(
        (names) => () => checkCertificates(read, names),
      ),
    );
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exitCode = 2;
    return;
  }
  const log = createLog(name, config);
  try {
    using _memory = releaseMemoryAtRest();
    await using telemetry = await startTelemetry(name, settings, log);
    await options.run(config, stopSignal(), (address) => {
      telemetry.ready();
      log.info({ address }, "ready");
    });
    log.info("stopped");
  } catch (error) {
    log.fatal({ err: error }, "failed");
    process.exitCode = 1;
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
