import cluster from "node:cluster";
import type { Logger } from "../telemetry/log.ts";
import type { TelemetrySettings } from "../telemetry/settings.ts";

/** What tells of a process, until it is disposed. */
export type Telemetry = AsyncDisposable & {
  /** Says that the process has begun to do its work. */
  ready(): void;
  /** Where the admin port listens, if there is one. */
  readonly adminAddress: string | undefined;
};

/** Begins to trace and to count as the settings say. What they do not ask for is not even loaded. */
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
      // The port is open already, in the process that has started this one.
      const { answerPrimary } = await import("../admin/workers.ts");
      const { adminPages, answerTopic } = await import("../admin/pages.ts");
      const pages = adminPages({ hasStarted: () => isReady, profiling: admin.profiling });
      stack.use(answerPrimary((topic) => answerTopic(pages, topic)));
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
