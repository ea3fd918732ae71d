import { drizzle } from "drizzle-orm/postgres-js";
import { pino } from "pino";
import { expect, test } from "vitest";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { startTelemetry } from "../../services/lib/process/start-telemetry.ts";
import { registry } from "../../services/lib/telemetry/metrics.ts";
import { parseTelemetry } from "../../services/lib/telemetry/settings.ts";
import { startSpan, withinSpan } from "../../services/lib/telemetry/tracing.ts";
import { openJobsAlone } from "../lib/open-jobs.ts";
import { createForeignDatabase } from "../lib/test-database.ts";
import { kinds, startTraceReceiver } from "./lib/trace-receiver.ts";

const log = pino({ level: "silent" });
const queue = "letters";

/** Queues on a new database, and the exporter of their traces. */
async function withJobs() {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.use(await startTraceReceiver());
  const settings = parseTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  const telemetry = stack.use(await startTelemetry("test", settings, log));
  const database = stack.use(await createForeignDatabase());
  const sql = connectPostgres(database.url, { max: 2 });
  stack.defer(() => sql.end({ timeout: 1 }));
  const jobs = stack.use(await openJobsAlone(database.url));
  const owned = stack.move();
  const db = drizzle({ client: sql });
  return { receiver, telemetry, jobs, db, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test("OK: a job is a trace of its own, with a link to the span that asked for it", async () => {
  await using opened = await withJobs();
  const asked = startSpan("staging", "asking", {});
  await withinSpan(asked, () =>
    opened.db.transaction((tx) => opened.jobs.enqueue(tx, queue, { name: "linked" })),
  );
  asked?.end();
  const { promise: taken, resolve } = Promise.withResolvers<object>();
  const worker = await opened.jobs.work(queue, { concurrency: 1 }, async (data) => resolve(data));
  expect(await taken).toEqual({ name: "linked" });
  await worker[Symbol.asyncDispose]();
  await opened.telemetry[Symbol.asyncDispose]();
  const { spans } = opened.receiver;
  const asking = spans.find(({ name }) => name === "asking");
  expect(spans.find(({ name }) => name === "process letters")).toMatchObject({
    service: "sluice-staging",
    kind: kinds.consumer,
    parentSpanId: "",
    traceId: expect.not.stringMatching(asking?.traceId ?? "none"),
    links: [{ traceId: asking?.traceId, spanId: asking?.spanId }],
  });
});

test("OK: the metrics say how many jobs are in which state, and how the pool is used", async () => {
  await using opened = await withJobs();
  const release = Promise.withResolvers<void>();
  for (const name of ["first", "second", "third"]) {
    await opened.db.transaction((tx) => opened.jobs.enqueue(tx, queue, { name }));
  }
  const began = Promise.withResolvers<void>();
  await opened.jobs.work(queue, { concurrency: 1 }, async () => {
    began.resolve();
    await release.promise;
  });
  await began.promise;
  const jobs = async () => {
    const lines = (await registry.getSingleMetricAsString("sluice_jobs")).split("\n");
    const ours = lines.filter((line) => line.includes(`queue="${queue}"`));
    return Object.fromEntries(
      ours.map((line) => [/state="(\w+)"/.exec(line)?.[1], Number(line.slice(line.lastIndexOf(" ")))]),
    );
  };
  expect(await jobs()).toEqual({ created: 2, retry: 0, active: 1, completed: 0, cancelled: 0, failed: 0 });
  const pool = await registry.getSingleMetricAsString("sluice_db_pool_connections");
  expect(pool).toContain('{service="staging",pool="jobs",state="max"} 4');
  release.resolve();
  await expect.poll(jobs).toMatchObject({ created: 0, completed: 3 });
});
