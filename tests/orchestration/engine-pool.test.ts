import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withinCall } from "../../services/lib/call.ts";
import type { Principal } from "../../services/lib/principal.ts";
import type { Engine } from "../../services/orchestration/engine/engine.ts";
import { listProcesses } from "../all-in-one/postgres-fixtures.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { startEngine, writeParquet } from "./engines.ts";
import { eventually } from "./orchestration.ts";

const limit = { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 };

const processes = async () => {
  const all = await listProcesses();
  const own = all.filter(({ args, ppid }) => ppid === process.pid && args.includes("engine-process.ts"));
  return own.map(({ pid }) => pid).sort((left, right) => left - right);
};

function asking(engine: Engine, path: string) {
  const call = { requestId: "test", traceparent: undefined, tracestate: undefined, deadlineMs: undefined };
  const reading = { format: "parquet" as const };
  const task = {
    kind: "query" as const,
    path,
    fileName: "n.csv",
    reading,
    tableName: "n",
    sql: "FROM n",
    maxRows: 1,
  };
  return (who: Principal) =>
    withinCall({ ...call, principal: who, signal: limit.signal }, () => engine.run(task, limit));
}

test("OK: a user gets their process again, and nobody else does", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(join(folder.path, "engine"));
  const path = join(folder.path, "n.parquet");
  await writeParquet(path, "SELECT 1 AS n");
  const ask = asking(engine, path);
  const first = principal();
  const second = principal({ orgId: first.orgId });
  await ask(first);
  const afterFirst = await processes();
  expect(afterFirst).toHaveLength(2);
  await ask(first);
  expect(await processes()).toEqual(afterFirst);
  await ask(second);
  const afterSecond = await processes();
  expect(afterSecond).toHaveLength(3);
  expect(afterSecond).toEqual(expect.arrayContaining(afterFirst));
  await Promise.all([ask(first), ask(second)]);
  expect(await processes()).toEqual(afterSecond);
});

test("OK: of more organisations than processes are kept, those that asked longest ago lose theirs", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(join(folder.path, "engine"));
  const path = join(folder.path, "n.parquet");
  await writeParquet(path, "SELECT 1 AS n");
  const ask = asking(engine, path);
  for (let count = 0; count < 6; count += 1) await ask(principal());
  await eventually(async () => (await processes()).length).toBe(5);
});

test("OK: what failed is not used again", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(join(folder.path, "engine"));
  const path = join(folder.path, "ragged.csv");
  await writeFile(path, "a,b\n1\n");
  await expect(asking(engine, path)(principal())).rejects.toMatchObject({ kind: "sourceDataInvalid" });
  await eventually(async () => (await processes()).length).toBe(1);
});
