import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { cacheOf } from "../../storage/cache-stores.ts";
import { fileTypeSamples } from "../file-type-samples.ts";
import { createDatabaseSource, startForeignDatabase } from "../foreign-database.ts";
import { createSource, failureOf } from "../orchestration.ts";
import { bytesOf, engineReads, sourceOf, startCachedMesh, storeFile } from "./cached-mesh.ts";

const mesh = forFile(() => startCachedMesh());
const user = forFile(() => mesh().user());
const source = forFile(() => sourceOf(mesh(), user(), "a,b\n1,x\n2,y\n3,z\n"));
const sql = "SELECT sum(a) AS sum, list(b ORDER BY b) AS b FROM t";

const run = (statement: string, options: { maxRows?: number; noCache?: boolean } = {}) =>
  user().executions.executeQuery({ sourceId: source(), sql: statement, ...options });

test("OK: the second answer is the first one's, byte for byte, and so says its record", async () => {
  const first = await run(sql);
  const second = await run(sql);
  expect([first.fromCache, second.fromCache]).toEqual([false, true]);
  expect(bytesOf(second)).toEqual(bytesOf(first));
  expect(second.executionId).not.toBe(first.executionId);
  const { execution } = await user().executions.getExecution({ executionId: second.executionId });
  expect(execution).toMatchObject({ sql, rowCount: 1n, fromCache: true, truncated: false });
  const { entryCount } = await cacheOf(mesh().storage, user().who).getCacheUsage({});
  expect(entryCount).toBe(1n);
});

test("OK: every type is the same from the cache", async () => {
  const statement = `SELECT ${fileTypeSamples.map((value, index) => `${value} AS c${index}`).join(",\n")} FROM t`;
  const [first, second] = [await run(statement), await run(statement)];
  expect([first.fromCache, second.fromCache]).toEqual([false, true]);
  expect(bytesOf(second)).toEqual(bytesOf(first));
  expect(first.columns).toHaveLength(fileTypeSamples.length);
});

test("OK: another text, another max_rows and no_cache run the statement", async () => {
  const statement = "FROM t ORDER BY a DESC";
  expect((await run(statement)).fromCache).toBe(false);
  expect((await run(`${statement} `)).fromCache).toBe(false);
  const limited = await run(statement, { maxRows: 2 });
  expect([limited.fromCache, limited.rows.length, limited.truncated]).toEqual([false, 2, true]);
  expect((await run(statement, { noCache: true })).fromCache).toBe(false);
  const again = await run(statement, { maxRows: 2 });
  expect([again.fromCache, again.rows.length, again.truncated]).toEqual([true, 2, true]);
});

test.each([
  ["depends on chance", "SELECT random() FROM t"],
  ["depends on the time", "SELECT count(*) FROM t WHERE current_date > DATE '2000-01-01'"],
  ["is large", "SELECT repeat('x', 600000) FROM t LIMIT 1"],
])("OK: a result that %s is computed each time", async (_kind, statement) => {
  const before = await engineReads();
  for (let count = 0; count < 3; count++) expect((await run(statement)).fromCache).toBe(false);
  expect((await engineReads()) - before).toBe(3);
});

test("InvalidArgument: an error is not kept, also for those that wait", async () => {
  const calls = Array.from({ length: 8 }, () => failureOf(run("SELECT nothing FROM t")));
  for (const failure of await Promise.all(calls))
    expect(failure).toMatchObject({ code: Code.InvalidArgument, reason: "SQL_INVALID" });
});

test("OK: a new version of the file is read, and the old result returns with the old version", async () => {
  const owner = mesh().user();
  const fileId = await storeFile(mesh(), owner, { content: "a\n1\n" });
  const sourceId = await createSource(owner, "file", { fileId });
  const sum = async () => {
    const { rows, fromCache } = await owner.executions.executeQuery({
      sourceId,
      sql: "SELECT sum(a) FROM t",
    });
    return [rows[0]?.values[0]?.kind.value, fromCache];
  };
  expect([await sum(), await sum()]).toEqual([
    ["1", false],
    ["1", true],
  ]);
  await storeFile(mesh(), owner, { content: "a\n2\n", fileId });
  expect([await sum(), await sum()]).toEqual([
    ["2", false],
    ["2", true],
  ]);
  await storeFile(mesh(), owner, { content: "a\n1\n", fileId });
  expect(await sum()).toEqual(["1", true]);
});

test("NotFound, FailedPrecondition: a right that is revoked counts before the cache", async () => {
  const owner = mesh().user();
  const fileId = await storeFile(mesh(), owner, { content: "a\n1\n", namespace: "team" });
  const sourceId = await createSource(owner, "file", { fileId });
  const request = { sourceId, sql: "FROM t" };
  const member = (...namespaces: string[]) =>
    mesh().user({
      ...owner.who,
      roles: [],
      grants: namespaces.map((namespace) => ({ namespace, roles: ["viewer"] })),
    }).executions;
  await owner.executions.executeQuery(request);
  expect((await member("default", "team").executeQuery(request)).fromCache).toBe(true);
  expect(await failureOf(member("default").executeQuery(request))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
  });
  expect(await failureOf(member("team").executeQuery(request))).toMatchObject({ code: Code.NotFound });
  const stranger = mesh().user().executions.executeQuery(request);
  expect(await failureOf(stranger)).toMatchObject({ code: Code.NotFound });
});

test("OK: equal content of another organisation, source or namespace has its own results", async () => {
  const [one, other] = [mesh().user(), mesh().user()];
  const content = "a\n1\n";
  const fileId = await storeFile(mesh(), one, { content });
  const sources = [
    [one, await createSource(one, "file", { fileId })],
    [one, await createSource(one, "file", { fileId })],
    [
      one,
      await createSource(one, "file", { fileId: await storeFile(mesh(), one, { content, namespace: "n" }) }),
    ],
    [other, await sourceOf(mesh(), other, content)],
  ] as const;
  for (const [{ executions }, sourceId] of sources)
    expect((await executions.executeQuery({ sourceId, sql: "FROM t" })).fromCache).toBe(false);
});

test("OK: a statement on a database runs each time", async () => {
  await using foreign = await startForeignDatabase();
  const sourceId = await createDatabaseSource(mesh().orchestration, user(), foreign);
  for (let count = 0; count < 2; count++) {
    const { fromCache } = await user().executions.executeQuery({ sourceId, sql: "SELECT 1" });
    expect(fromCache).toBe(false);
  }
});

test("OK: of 50 equal statements at once on two nodes one runs, and all have its result", async () => {
  await using node = await mesh().startNode();
  const before = await engineReads();
  const timeout = { seconds: 240n };
  const request = {
    sourceId: source(),
    sql: "SELECT count(*), sum(a * i) FROM t, range(1000) r(i)",
    timeout,
  };
  const nodes = [user().executions, node.executions(user().who)];
  const responses = await Promise.all(
    Array.from({ length: 50 }, (_, index) => nodes[index % 2]?.executeQuery(request)),
  );
  expect((await engineReads()) - before).toBe(1);
  expect(responses.filter((response) => !response?.fromCache)).toHaveLength(1);
  expect(new Set(responses.map((response) => response && bytesOf(response).toString("hex"))).size).toBe(1);
});

test("OK: a cache that is full loses results, which are computed again", async () => {
  // The limit of the organisation is a mebibyte.
  const one = mesh().user();
  const sourceId = await sourceOf(mesh(), one, "a\n1\n2\n");
  const sumOf = async (text: string) => {
    const request = { sourceId, sql: `SELECT sum(a), repeat('${text}', 400000) AS x FROM t` };
    const { fromCache, rows } = await one.executions.executeQuery(request);
    return [rows[0]?.values[0]?.kind.value, fromCache];
  };
  for (const text of ["a", "b", "c", "d"]) expect(await sumOf(text)).toEqual(["3", false]);
  expect(await sumOf("d")).toEqual(["3", true]);
  expect(await sumOf("a")).toEqual(["3", false]);
});
