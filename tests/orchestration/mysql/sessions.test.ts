import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { hasMariaDb, mariaDbMissing } from "../../lib/mariadb-server.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { extractAll, extractChunk, plan, readParquet, tablesOf } from "../extracts.ts";
import { createSource, eventually, failureOf, query } from "../orchestration.ts";
import { createAuthority } from "../tls-database.ts";
import { startMariaSource } from "./maria-source.ts";

/** A server with TLS whose certificate a private authority has issued. */
async function startEncryptingSource() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const authority = await createAuthority();
  const { certificatePem, privateKeyPem } = await authority.issue([{ type: "ip", value: "127.0.0.1" }]);
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  await writeFile(certificate, certificatePem);
  await writeFile(key, privateKeyPem, { mode: 0o600 });
  const source = stack.use(await startMariaSource([`--ssl-cert=${certificate}`, `--ssl-key=${key}`]));
  source.mesh.peers.addSecret(source.user.who, "authority", authority.certificatePem);
  const owned = stack.move();
  return { ...source, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.skipIf(!hasMariaDb)(`sessions with MariaDB${mariaDbMissing}`, () => {
  const source = forFile(startEncryptingSource);
  const run = (sql: string, sourceId = source().sourceId) => query(source().user, sourceId, sql);
  const cipher =
    "select variable_value <> '' from information_schema.session_status where variable_name = 'Ssl_cipher'";

  test("OK: encrypted on this machine by default, and not with sslMode disable", async () => {
    const { user, settings } = source();
    expect((await run(cipher)).rows).toEqual([[1]]);
    const plain = await createSource(user, "mysql", { ...settings, sslMode: "disable" });
    expect((await run(cipher, plain)).rows).toEqual([[0]]);
  });

  test("OK: a certificate of a private authority, for an account that must encrypt", async () => {
    const { admin, mesh, user, settings } = source();
    await admin.query("alter user reader@'%' require ssl");
    const verified = { ...settings, sslMode: "verify-full", caSecret: "authority", allowInsecureLogin: true };
    const administrator = mesh.user({ ...user.who, roles: ["admin"] });
    const sourceId = await createSource(administrator, "mysql", verified);
    expect((await run(cipher, sourceId)).rows).toEqual([[1]]);
    const test = async (overrides: object) =>
      (await user.connectors.testConnection({ connector: "mysql", settings: { ...settings, ...overrides } }))
        .reason;
    expect(await test({ sslMode: "disable" })).toMatch(/refuses the login of "reader"$/);
    expect(await test({ sslMode: "verify-full" })).toMatch(/shows a certificate of an unknown authority/);
    expect(await test({ caSecret: "authority" })).toMatch(/lets it guess the password/);
    await admin.query("alter user reader@'%' require none");
  });

  test("OK: a connection is used again, without what the statement before left in it", async () => {
    const [[first] = []] = (await run("select connection_id(), @a := 5")).rows as number[][];
    expect((await run("select connection_id(), @a")).rows).toEqual([[first, null]]);
  });

  test("STATEMENT_REFUSED: what writes is refused by the server, even of an account that may", async () => {
    const { admin, user, sourceId } = source();
    await admin.query(`
      create table written (a int primary key);
      create sequence counted;
      create function writes() returns int begin insert into written values (1); return 1; end;
      grant all on shop.* to reader@'%'`);
    for (const sql of [
      "select writes()",
      "select next value for counted",
      "with x as (select 1) delete from written",
    ]) {
      const failure = await failureOf(query(user, sourceId, sql));
      expect(["STATEMENT_REFUSED", "SQL_INVALID"]).toContain(failure.reason);
    }
    expect((await failureOf(run("select writes()"))).message).toMatch(/READ ONLY transaction/);
    const [rows] = await admin.query("select * from written");
    expect(rows).toEqual([]);
  });

  test("OK: a cancelled statement ends in the database", async () => {
    const { admin, user, sourceId } = source();
    const running = async () => {
      const [rows] = await admin.query(
        "select 1 from information_schema.processlist where user = 'reader' and info like '%sleep(%'",
      );
      return (rows as unknown[]).length;
    };
    const call = failureOf(
      user.executions.executeQuery({ sourceId, sql: "select sleep(250)", timeout: { seconds: 300n } }),
    );
    await eventually(running).toBe(1);
    const [execution] = (await user.executions.listExecutions({ sourceId, pageSize: 1 })).executions;
    await user.executions.cancelExecution({ executionId: execution?.executionId ?? "" });
    expect(await call).toMatchObject({ reason: "EXECUTION_CANCELLED" });
    await eventually(running).toBe(0);
  });

  test("OK: one state of several tables, also after a chunk that was not read to its end", async () => {
    const { admin, user, sourceId } = source();
    await admin.query(`
      create table many (a int, b int, c char(250) default 'x', primary key (a, b));
      insert into many (a, b) select cast(seq div 2 as signed) - 30000, seq from seq_1_to_60000;
      create table heap (a int) engine = myisam;
      insert into heap values (1), (2);
      analyze table many persistent for all`);
    const { many = "", heap = "" } = await tablesOf(user, sourceId);
    const planned = await plan(user, sourceId, [many, heap], { chunkRows: 20_000n });
    await admin.query("insert into many (a, b) values (100000, 1); update many set c = 'y' where a < 0");
    const [first] = planned.chunks;
    const stop = new AbortController();
    const { snapshotId } = planned;
    const chunk = { snapshotId, tableIndex: 0, range: first?.range ?? "" };
    const stopped = (async () => {
      for await (const _ of user.extracts.extractChunk(chunk, { signal: stop.signal })) stop.abort();
    })();
    await expect(stopped).rejects.toThrow();
    expect(planned.chunks.filter(({ tableIndex }) => tableIndex === 0).length).toBeGreaterThan(1);
    expect(planned.chunks.filter(({ tableIndex }) => tableIndex === 1)).toHaveLength(1);
    const rows = await Promise.all((await extractAll(user, planned)).map(({ bytes }) => readParquet(bytes)));
    const ofMany = rows.slice(0, -1).flat();
    expect(new Set(ofMany.map(({ b }) => b)).size).toBe(60_000);
    expect(ofMany).toHaveLength(60_000);
    expect(new Set(ofMany.map(({ c }) => c))).toEqual(new Set(["x"]));
    expect(rows.at(-1)).toEqual([{ a: 1 }, { a: 2 }]);
    await user.extracts.closeSnapshot({ snapshotId });
  });

  test("SOURCE_CHANGED: a table that was replaced, and one that the account may not read any more", async () => {
    const { admin, user, sourceId } = source();
    await admin.query("create table moved (a int primary key); create table hidden (a int primary key)");
    const { moved = "", hidden = "" } = await tablesOf(user, sourceId);
    await admin.query("drop table moved; create table moved (a text); drop table hidden");
    for (const id of [moved, hidden]) {
      expect(await failureOf(plan(user, sourceId, [id]))).toMatchObject({ reason: "SOURCE_CHANGED" });
    }
  });

  // The last one: the server is gone after it.
  test("Unavailable: a server that dies while it is read", async () => {
    const { admin, server, user, sourceId } = source();
    await admin.query("create table wide (a int primary key, b longtext)");
    await admin.query("insert into wide select seq, repeat('x', 100000) from seq_1_to_400");
    const { wide = "" } = await tablesOf(user, sourceId);
    const planned = await plan(user, sourceId, [wide]);
    const chunk = planned.chunks[0] ?? { tableIndex: 0, range: "" };
    const statement = failureOf(user.executions.executeQuery({ sourceId, sql: "select sleep(200)" }));
    await eventually(async () => {
      const [rows] = await admin.query(
        "select 1 from information_schema.processlist where info like 'select sleep%'",
      );
      return (rows as unknown[]).length;
    }).toBe(1);
    await server.kill();
    expect(await statement).toMatchObject({
      reason: "SOURCE_UNREACHABLE",
      message: expect.stringMatching(/closed the connection$/),
    });
    const { reason } = await failureOf(extractChunk(user, planned, chunk));
    expect(["SNAPSHOT_GONE", "SOURCE_UNREACHABLE"]).toContain(reason);
  });
});
