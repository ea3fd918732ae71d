import cluster from "node:cluster";
import type { Logger } from "../telemetry/log.ts";
import type { TelemetrySettings } from "../telemetry/settings.ts";

/** Tracing and metrics of a process, until disposed. */
export type Telemetry = AsyncDisposable & {
  /** Makes the process ready for the readiness probe. */
  ready(): void;
  /** Address of the admin port, if enabled. */
  readonly adminAddress: string | undefined;
};

/** Starts tracing and metrics. Modules that the settings don't need are not loaded. */
export async function startTelemetry(
  process: string,
  { tracing, admin }: TelemetrySettings,
  log: Logger,
): Promise<Telemetry> {
  await using stack = new AsyncDisposableStack();
  let isReady = false;
  let adminAddress: string | undefined;
  if (tracing) {
    const { startTracing } = await import("../telemetry/start-tracing.ts");
    stack.use(startTracing(tracing, log));
  }
  if (admin) {
    const { startMeasuring } = await import("../telemetry/metrics.ts");
    startMeasuring(process);
    if (cluster.isWorker) {
      // The primary process has the port.
      const { replyToPrimary } = await import("../admin/workers.ts");
      const { adminPages, replyToTopic } = await import("../admin/pages.ts");
      const pages = adminPages({ hasStarted: () => isReady, profiling: admin.profiling });
      stack.use(replyToPrimary((topic) => replyToTopic(pages, topic)));
    } else {
      const { startAdminServer } = await import("../admin/admin-server.ts");
      const server = stack.use(await startAdminServer(admin, { hasStarted: () => isReady, log }));
      adminAddress = server.address;
      log.info({ address: adminAddress }, "the admin port listens");
    }
  }
  const owned = stack.move();
  return {
    adminAddress,
    ready() {
      isReady = true;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
