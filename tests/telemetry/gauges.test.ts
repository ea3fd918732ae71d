import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { type ClientHttp2Stream, connect } from "node:http2";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../services/lib/database/database.ts";
import { startTelemetry, type Telemetry } from "../../services/lib/process/start-telemetry.ts";
import { parseTelemetry } from "../../services/lib/telemetry/settings.ts";
import { startBackend, startEdgeBefore } from "../edge/lib/resilience.ts";
import { startTestEdge } from "../edge/lib/test-edge.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { figuresAt, figuresOf } from "./lib/observed-processes.ts";

// Gauges of the admin port, which rise and fall again.

let telemetry: Telemetry;
beforeAll(async () => {
  const settings = parseTelemetry({ ADMIN_LISTEN: "127.0.0.1:0" });
  telemetry = await startTelemetry("test", settings, pino({ level: "silent" }));
});
afterAll(() => telemetry[Symbol.asyncDispose]());

const figures = async (name: string) => figuresOf(await figuresAt(telemetry.adminAddress ?? ""), name);

test("OK: connections of both versions and HTTP/2 streams, while they are open", async () => {
  await using edge = await startTestEdge();
  const open = async () => ({
    ...(await figures("sluice_edge_connections")),
    ...(await figures("sluice_edge_http2_streams")),
  });
  const are = (http1: number, http2: number, streams: number) => ({
    'sluice_edge_connections{version="1.1"}': http1,
    'sluice_edge_connections{version="2"}': http2,
    sluice_edge_http2_streams: streams,
  });
  expect(await open()).toEqual(are(0, 0, 0));
  const endless = "/test/v1/count?key=k";
  const sessions = [connect(edge.url), connect(edge.url)];
  const streams: ClientHttp2Stream[] = [];
  for (const session of [...sessions, ...sessions, ...sessions.slice(0, 1)]) {
    const stream = session.request({ ":path": endless });
    streams.push(stream);
    await once(stream, "response");
  }
  const [plain] = (await once(get(edge.url + endless, { agent: false }), "response")) as [IncomingMessage];
  expect(await open()).toEqual(are(1, 2, 5));
  streams[0]?.close();
  plain.destroy();
  await expect.poll(open).toEqual(are(0, 2, 4));
  sessions[0]?.destroy();
  await expect.poll(open).toEqual(are(0, 1, 2));
  sessions[1]?.destroy();
  await expect.poll(open).toEqual(are(0, 0, 0));
});

test("OK: connections to the database that are used, and what waits for one", async () => {
  await using database = await createTestDatabase();
  await using opened = await openDatabase({
    url: database.urls.identity,
    service: "identity",
    migrationsFolder: new URL("../../services/identity/migrations", import.meta.url).pathname,
  });
  const use = async () => figures("sluice_db_pool_connections");
  const is = (used: number, waiting: number) => ({
    'sluice_db_pool_connections{service="identity",pool="service",state="max"}': 10,
    'sluice_db_pool_connections{service="identity",pool="service",state="used"}': used,
    'sluice_db_pool_connections{service="identity",pool="service",state="waiting"}': waiting,
  });
  const held = Promise.withResolvers<void>();
  const hold = () =>
    opened.db.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      await held.promise;
    });
  const some = [hold(), hold(), hold()];
  await expect.poll(use).toEqual(is(3, 0));
  const many = Array.from({ length: 9 }, hold);
  const statement = opened.db.execute(sql`select 1`).then(() => undefined);
  await expect.poll(use).toEqual(is(10, 3));
  held.resolve();
  await Promise.all([...some, ...many, statement]);
  await expect.poll(use).toEqual(is(0, 0));
});

test("OK: calls that wait for a connection to a service, and all that are under way to it", async () => {
  await using backend = await startBackend("a");
  await using edge = await startEdgeBefore([backend.address], { restartMs: 100_000 });
  const calls = async () => ({
    ...(await figures("sluice_edge_upstream_calls_in_flight")),
    ...(await figures("sluice_edge_upstream_calls_waiting")),
  });
  const are = (inFlight: number, waiting: number) => ({
    'sluice_edge_upstream_calls_in_flight{peer="identity"}': 0,
    'sluice_edge_upstream_calls_in_flight{peer="test"}': inFlight,
    'sluice_edge_upstream_calls_waiting{peer="identity"}': 0,
    'sluice_edge_upstream_calls_waiting{peer="test"}': waiting,
  });
  const read = (signal?: AbortSignal) =>
    fetch(`${edge.url}/test/v1/resilience/k`, { ...(signal && { signal }) }).catch(() => undefined);
  expect((await read())?.status).toBe(200);
  expect(await calls()).toEqual(are(0, 0));
  await backend.set("stuck");
  const stop = new AbortController();
  const stuck = [read(stop.signal), read(stop.signal)];
  await expect.poll(calls).toEqual(are(2, 0));
  stop.abort();
  await Promise.all(stuck);
  await expect.poll(calls).toEqual(are(0, 0));
  await backend.end("SIGKILL");
  const leave = new AbortController();
  const waiting = [read(), read(), read(leave.signal)];
  await expect.poll(calls).toEqual(are(3, 3));
  leave.abort();
  await expect.poll(calls).toEqual(are(2, 2));
  await backend.start();
  expect((await Promise.all(waiting)).map((answer) => answer?.status)).toEqual([200, 200, undefined]);
  await expect.poll(calls).toEqual(are(0, 0));
});
