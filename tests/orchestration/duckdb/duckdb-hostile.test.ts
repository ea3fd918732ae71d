import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { extractChunk, plan, readParquet, tablesOf } from "../extracts.ts";
import { createSource, failureOf, query, startOrchestration } from "../orchestration.ts";
import { databaseBytes, databaseSource, writeDatabase } from "./duckdb-file.ts";

const folder = forFile(temporaryFolder);
const mesh = forFile(() => startOrchestration({ SOURCE_FOLDERS: `data=${folder().path}` }));

/** A server that would be asked, and counts who asks. */
const outside = forFile(async () => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.end("a\n1\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/x.csv`,
    requests: () => requests,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
});

const refusals = /^(STATEMENT_REFUSED|SQL_INVALID|SOURCE_DATA_INVALID)$/;

/** A source on a database that these statements make. */
async function sourceOf(...statements: string[]) {
  const user = mesh().user();
  const sourceId = await databaseSource(mesh(), user, await databaseBytes(...statements));
  return { user, sourceId };
}

/** What the body of a table macro calls, and with what. */
const calls: readonly (readonly [call: string, argument: string])[] = [
  ["read_csv(p)", "/etc/passwd"],
  ["read_text(p)", "/etc/passwd"],
  ["read_csv(p)", "URL"],
  ["read_blob(p)", "sluice_input"],
  ["read_parquet(p)", "/tmp/other.parquet"],
  ["read_duckdb(p, table_name = 't')", "/tmp/other.duckdb"],
  ["glob(p)", "/etc/*"],
  ["query(p)", "ATTACH '/tmp/other.duckdb' AS other"],
  ["query(p)", "INSTALL httpfs"],
  ["query(p)", "COPY (SELECT 1) TO '/tmp/written'"],
  ["query(p)", "FROM duckdb_settings()"],
  ["query_table(p)", "duckdb_secrets"],
];

const bodies: readonly string[] = [
  "SELECT * FROM duckdb_settings()",
  "SELECT * FROM duckdb_secrets()",
  "SELECT current_setting('temp_directory') AS s",
  "SELECT (SELECT value FROM duckdb_settings() LIMIT 1) AS s FROM t",
  "SELECT sleep_ms(1000) AS s",
  "SELECT list_aggregate([1], 'sum') AS s",
  "SELECT json_serialize_sql('SELECT 1') AS s",
  "FROM information_schema.tables",
];

describe("views, macros and computed columns of the file", () => {
  test("views can't reach files, the network, settings or other databases, and are in no catalog", async () => {
    // DuckDB binds a view when it is created, so what it calls is replaced afterwards.
    const macros = calls.flatMap(([call, argument], index) => {
      const given = argument === "URL" ? outside().url : argument;
      return [
        `CREATE MACRO m${index}(p) AS TABLE SELECT 1 AS i`,
        `CREATE VIEW call${index} AS FROM m${index}('${given.replaceAll("'", "''")}')`,
        `CREATE OR REPLACE MACRO m${index}(p) AS TABLE FROM ${call}`,
      ];
    });
    const views = bodies.map((body, index) => `CREATE VIEW body${index} AS ${body}`);
    const { user, sourceId } = await sourceOf("CREATE TABLE t AS SELECT 1 AS i", ...macros, ...views);
    expect(Object.keys(await tablesOf(user, sourceId))).toEqual(["t"]);
    const expectRefused = async (what: string | undefined, sql: string) => {
      const { code, reason } = await failureOf(query(user, sourceId, sql));
      expect([what, sql, Code[code ?? 0], reason]).toEqual([
        what,
        sql,
        expect.stringMatching(/^(InvalidArgument|FailedPrecondition)$/),
        expect.stringMatching(refusals),
      ]);
    };
    for (const [index, [call]] of calls.entries()) await expectRefused(call, `FROM call${index}`);
    for (const [index, body] of bodies.entries()) await expectRefused(body, `FROM body${index}`);
    for (const sql of ["DESCRIBE call0", "WITH v AS (FROM main.call0) SELECT count(*) FROM v"]) {
      await expectRefused(undefined, sql);
    }
    expect(outside().requests()).toBe(0);
    expect((await query(user, sourceId, "FROM t")).rows).toEqual([[1]]);
  });

  test("can't compute a column by a function that is not on the list", async () => {
    const { user, sourceId } = await sourceOf(
      "CREATE TABLE v (i INTEGER, s VARCHAR GENERATED ALWAYS AS (current_setting('threads')))",
    );
    expect((await failureOf(query(user, sourceId, "FROM v"))).reason).toMatch(refusals);
    expect((await failureOf(user.catalog.discover({ sourceId }))).message).toContain('"main.v" of the file');
  });

  test("OK: macros work in views of the file, and take the place of no function elsewhere", async () => {
    const { user, sourceId } = await sourceOf(
      "CREATE TABLE t AS SELECT 'A' AS s",
      "CREATE MACRO lower(x) AS 'from the file'",
      "CREATE MACRO count(x) AS 42",
      "CREATE MACRO json_serialize_plan(x) AS '{}'",
      "CREATE VIEW v AS SELECT lower(s) AS low FROM t",
    );
    const { rows } = await query(
      user,
      sourceId,
      "SELECT lower(s), count(s), (SELECT low FROM v) FROM t GROUP BY s",
    );
    expect(rows).toEqual([["a", "1", "from the file"]]);
    const [tableId = ""] = [(await tablesOf(user, sourceId)).v];
    const planned = await plan(user, sourceId, [tableId]);
    const { bytes } = await extractChunk(user, planned, planned.chunks[0] ?? { tableIndex: 0, range: "" });
    expect(await readParquet(bytes)).toEqual([{ low: "from the file" }]);
    await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });
});

describe("statements", () => {
  test("InvalidArgument: what does more than read, or reads elsewhere", async () => {
    const { user, sourceId } = await sourceOf(
      "CREATE TABLE t AS SELECT 1 AS i",
      "CREATE MACRO m(p) AS TABLE FROM read_csv(p)",
      "CREATE MACRO twice(x) AS x * 2",
    );
    const statements = [
      "ATTACH '/tmp/other.duckdb' AS other",
      "DETACH sluice_database",
      "COPY t TO '/tmp/written'",
      "COPY (SELECT 1) TO 'sluice_input'",
      "INSTALL httpfs",
      "LOAD httpfs",
      "SET threads = 1",
      "PRAGMA database_list",
      "USE sluice_database",
      "CALL pragma_version()",
      "CHECKPOINT",
      "INSERT INTO t VALUES (2)",
      "CREATE TABLE x AS FROM t",
      "FROM sluice_database.main.t",
      "FROM sluice_database.main.m('/etc/passwd')",
      "FROM m('/etc/passwd')",
      "SELECT twice(i) FROM t",
      "SELECT sluice_database.main.twice(i) FROM t",
      "FROM duckdb_tables()",
      "FROM duckdb_macros",
      "FROM information_schema.tables",
      "FROM read_csv('/etc/passwd')",
      "FROM '/etc/passwd'",
      "FROM nothing",
      "SELECT 1; SELECT 2",
    ];
    for (const sql of statements) {
      const { code, reason } = await failureOf(query(user, sourceId, sql));
      expect([sql, code, reason]).toEqual([sql, Code.InvalidArgument, expect.stringMatching(refusals)]);
    }
    const described = await query(user, sourceId, "DESCRIBE SELECT i AS j FROM MAIN.T");
    expect(described.rows[0]).toEqual(["j", "INTEGER", "YES", null, null, null]);
  });
});

describe("FailedPrecondition SOURCE_DATA_INVALID: a file that is", () => {
  const table = ["CREATE TABLE t AS SELECT md5(i::VARCHAR) AS s FROM range(50000) AS r(i)"];
  const testOf = async (bytes: Buffer) => {
    const user = mesh().user();
    const fileId = mesh().peers.addFile(user.who, "made.duckdb", bytes);
    return user.connectors.testConnection({ connector: "duckdb", settings: { fileId } });
  };
  const withVersion = (bytes: Buffer, version: bigint) => {
    const changed = Buffer.from(bytes);
    changed.writeBigUInt64LE(version, 12);
    return changed;
  };

  test("no database, cut, too new, too old", async () => {
    const bytes = await databaseBytes(...table);
    const cases: [Buffer, string][] = [
      [Buffer.alloc(100_000, "x"), "it is not a DuckDB database"],
      [Buffer.alloc(0), "it is not a DuckDB database"],
      [bytes.subarray(0, 20), "it is not a DuckDB database"],
      [bytes.subarray(0, 9000), "damaged"],
      [withVersion(bytes, 69n), "its format has the version 69, and up to 68 is read"],
      [withVersion(bytes, 63n), "its format has the version 63, from a DuckDB before 0.10"],
    ];
    for (const [content, message] of cases) {
      const { connected, reason } = await testOf(content);
      expect([connected, reason]).toEqual([false, expect.stringContaining(message)]);
      expect(reason).not.toMatch(/\/tmp|\/proc|sluice_input/);
    }
    expect((await testOf(bytes)).connected).toBe(true);
  });

  test("damaged in its data, and another table of it still reads", async () => {
    const bytes = await databaseBytes(...table, "CREATE TABLE small AS SELECT 1 AS i");
    // The third block of data.
    const at = 3 * 4096 + 2 * 256 * 1024 + 5000;
    bytes.fill(0, at, at + 16);
    const user = mesh().user();
    const sourceId = await databaseSource(mesh(), user, bytes);
    const failure = await failureOf(query(user, sourceId, "SELECT max(s) FROM t"));
    expect(failure).toMatchObject({
      reason: "SOURCE_DATA_INVALID",
      message: expect.stringContaining("made.duckdb"),
    });
    expect((await query(user, sourceId, "FROM small")).rows).toEqual([[1]]);
  });

  test("encrypted, and of the newest format", async () => {
    const path = join(folder().path, "newest.duckdb");
    const secret = join(folder().path, "secret.duckdb");
    await writeDatabase(":memory:", [
      "SET force_mbedtls_unsafe = 'true'",
      `ATTACH '${secret}' AS secret (ENCRYPTION_KEY 'key')`,
      "CREATE TABLE secret.t AS SELECT 1 AS i",
      `ATTACH '${path}' AS newest (STORAGE_VERSION 'latest')`,
      "CREATE TABLE newest.t AS SELECT {'a': 1}::VARIANT AS v",
    ]);
    expect((await testOf(await readFile(secret))).reason).toContain("it is encrypted");
    const newest = await readFile(path);
    // Another number belongs into attach-database.ts when DuckDB is updated.
    expect(newest.readBigUInt64LE(12)).toBe(68n);
    expect(await testOf(newest)).toMatchObject({ connected: true, reason: "" });
  });

  test("in a folder, with changes in a log beside it", async () => {
    const user = mesh().user();
    const path = join(folder().path, "logged.duckdb");
    await writeDatabase(path, ["CREATE TABLE t AS SELECT 1 AS i"]);
    const settings = { folder: "data", path: "logged.duckdb" };
    const sourceId = await createSource(user, "duckdb", settings);
    await writeFile(`${path}.wal`, "");
    expect((await query(user, sourceId, "FROM t")).rows).toEqual([[1]]);
    await writeFile(`${path}.wal`, "changes");
    const { reason, message } = await failureOf(query(user, sourceId, "FROM t"));
    expect(reason).toBe("SOURCE_DATA_INVALID");
    expect(message).toContain('"logged.duckdb" has changes in the file "logged.duckdb.wal" beside it');
  });
});
