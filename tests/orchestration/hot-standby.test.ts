import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { connect, openFolder, start } from "../all-in-one/postgres-fixtures.ts";
import { forwardTcp } from "../lib/tcp.ts";
import { extractChunk, plan, tablesOf } from "./extracts.ts";
import { createSource, eventually, failureOf, startOrchestration } from "./orchestration.ts";

/** A server and a standby that replays its changes at once, cancelling conflicting queries. */
async function startPair() {
  await using stack = new AsyncDisposableStack();
  const folders = [stack.use(await openFolder()), stack.use(await openFolder())] as const;
  {
    await using server = await start(folders[0]);
    const sql = connect(server);
    await sql.unsafe(`
      create table t (n int);
      insert into t select generate_series(1, 1000);
      create view held as select n, case when n = 900 then pg_sleep(600)::text end as wait from t;
      create role reader login password 'reader';
      grant select on t, held to reader`);
    await sql.end();
  }
  await promisify(execFile)("cp", ["-a", `${folders[0].data}/.`, folders[1].data]);
  await writeFile(join(folders[1].data, "cluster", "data", "standby.signal"), "");
  const primary = stack.use(await start(folders[0], { autovacuum: "off" }));
  const { host, port, user, password } = primary.superuser;
  const standby = stack.use(
    await start(folders[1], {
      primary_conninfo: `host=${host} port=${port} user=${user} password=${password}`,
      max_standby_streaming_delay: "0",
      wal_receiver_status_interval: "1s",
    }),
  );
  const sql = [connect(primary), connect(standby)] as const;
  stack.defer(async () => void (await Promise.all(sql.map((client) => client.end()))));
  const { port: standbyPort } = stack.use(await forwardTcp(standby.url));
  const owned = stack.move();
  return { sql, port: standbyPort, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

test("Unavailable: a hot standby cancels what stands in the way of its replay", async () => {
  await using mesh = await startOrchestration();
  await using pair = await startPair();
  const [primary, standby] = pair.sql;
  const user = mesh.user();
  mesh.peers.addSecret(user.who, "reader", "reader");
  const sourceId = await createSource(user, "postgresql", {
    host: "127.0.0.1",
    port: pair.port,
    database: "postgres",
    user: "reader",
    passwordSecret: "reader",
  });
  const { held = "" } = await tablesOf(user, sourceId);
  const sleeping = async () =>
    (await standby`select 1 from pg_stat_activity where wait_event = 'PgSleep'`).length;
  const query = failureOf(
    user.executions.executeQuery({ sourceId, sql: "select * from held", timeout: { seconds: 300n } }),
  );
  const planned = await plan(user, sourceId, [held]);
  const copy = failureOf(extractChunk(user, planned, { tableIndex: 0, range: "all" }));
  await eventually(sleeping).toBe(2);
  await primary`delete from t where n > 500`;
  await primary`vacuum t`;
  const cancelled = {
    code: Code.Unavailable,
    reason: "SOURCE_UNREACHABLE",
    message: expect.stringContaining("due to conflict with recovery"),
  };
  expect(await query).toMatchObject(cancelled);
  expect(await copy).toMatchObject(cancelled);
});
