import { execFileSync } from "node:child_process";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { extractAll, plan, readParquet, tablesOf } from "./extracts.ts";
import { createSource, failureOf, query, startOrchestration } from "./orchestration.ts";

const folder = forFile(temporaryFolder);
const outside = forFile(temporaryFolder);
const mesh = forFile(() => startOrchestration({ SOURCE_FOLDERS: `data=${folder().path}` }));

function makeDatabase(path: string, label = "one"): void {
  const database = new DatabaseSync(path);
  database.exec("create table t (a text)");
  database.prepare("insert into t values (?)").run(label);
  database.close();
}

const testPath = (path: string, name = "data") =>
  mesh()
    .user()
    .connectors.testConnection({ connector: "sqlite", settings: { folder: name, path } });

const refusal = (path: string, name = "data") => ({
  connected: false,
  reason: `the folder "${name}" is not allowed, or has no file "${path}" that can be read`,
});

describe("paths", () => {
  test("OK: a file below the folder", async () => {
    await mkdir(join(folder().path, "below"));
    makeDatabase(join(folder().path, "below", "żółw.db"));
    expect(await testPath("below/żółw.db")).toMatchObject({ connected: true });
  });

  test.each(["/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.", "a\0b"])(
    "InvalidArgument SETTINGS_INVALID: %j",
    async (path) => {
      expect(await failureOf(testPath(path))).toMatchObject({
        code: Code.InvalidArgument,
        reason: "SETTINGS_INVALID",
        fields: ["settings.path"],
      });
    },
  );

  test("FailedPrecondition SOURCE_PATH_REFUSED: what is not in the folder, all in the same words", async () => {
    const { path } = folder();
    makeDatabase(join(outside().path, "secret.db"));
    await symlink(join(outside().path, "secret.db"), join(path, "link.db"));
    await symlink(outside().path, join(path, "linked"));
    await symlink("/etc/shadow", join(path, "shadow"));
    execFileSync("mkfifo", [join(path, "pipe")]);
    for (const name of [
      "link.db",
      "linked/secret.db",
      "linked/nothing.db",
      "shadow",
      "nothing",
      "pipe",
      "below",
    ]) {
      expect(await testPath(name)).toMatchObject(refusal(name));
    }
    expect(await testPath("a.db", "other")).toMatchObject(refusal("a.db", "other"));
    const user = mesh().user();
    const sourceId = await createSource(user, "sqlite", { folder: "data", path: "link.db" });
    expect(await failureOf(query(user, sourceId, "select 1"))).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "SOURCE_PATH_REFUSED",
    });
  });

  test("InvalidArgument SETTINGS_INVALID: neither a stored file nor a folder, or both", async () => {
    const open = (settings: object) =>
      failureOf(
        mesh()
          .user()
          .connectors.testConnection({ connector: "sqlite", settings: { ...settings } }),
      );
    const fileId = crypto.randomUUID();
    expect((await open({})).fields).toEqual(["settings.fileId"]);
    expect((await open({ folder: "data" })).fields).toEqual(["settings.path"]);
    expect((await open({ path: "a" })).fields).toEqual(["settings.folder"]);
    expect((await open({ fileId, folder: "data", path: "a" })).fields).toEqual(["settings.fileId"]);
  });
});

describe("files that change", () => {
  const labels = (sourceId: string, user: ReturnType<ReturnType<typeof mesh>["user"]>) =>
    query(user, sourceId, "select a from t order by rowid").then(({ rows }) => rows.flat());

  test("OK: each read sees what is committed, from the log of a program that has it open, too", async () => {
    const user = mesh().user();
    const path = join(folder().path, "open.db");
    using database = new DatabaseSync(path);
    database.exec("pragma journal_mode = wal; create table t (a text); insert into t values ('one')");
    const sourceId = await createSource(user, "sqlite", { folder: "data", path: "open.db" });
    expect(await labels(sourceId, user)).toEqual(["one"]);
    database.exec("insert into t values ('two'); begin; insert into t values ('uncommitted')");
    expect(await labels(sourceId, user)).toEqual(["one", "two"]);
    database.exec("commit; pragma wal_checkpoint(truncate); insert into t values ('four')");
    expect(await labels(sourceId, user)).toEqual(["one", "two", "uncommitted", "four"]);
  });

  test("OK: another file of the same name", async () => {
    const user = mesh().user();
    const path = join(folder().path, "replaced.db");
    makeDatabase(path, "first");
    const sourceId = await createSource(user, "sqlite", { folder: "data", path: "replaced.db" });
    expect(await labels(sourceId, user)).toEqual(["first"]);
    makeDatabase(`${path}.new`, "second");
    await rename(`${path}.new`, path);
    expect(await labels(sourceId, user)).toEqual(["second"]);
    await rm(path);
    expect(await failureOf(labels(sourceId, user))).toMatchObject({ reason: "SOURCE_PATH_REFUSED" });
  });

  test("OK: a snapshot is read to its end, although its file is gone", async () => {
    const user = mesh().user();
    const path = join(folder().path, "removed.db");
    makeDatabase(path, "kept");
    const sourceId = await createSource(user, "sqlite", { folder: "data", path: "removed.db" });
    const planned = await plan(user, sourceId, Object.values(await tablesOf(user, sourceId)));
    await rm(path);
    const [chunk] = await extractAll(user, planned);
    expect(await readParquet(chunk?.bytes ?? Buffer.alloc(0))).toEqual([{ a: "kept" }]);
  });

  test("FailedPrecondition SOURCE_DATA_INVALID: a transaction that has to be rolled back first", async () => {
    const user = mesh().user();
    const path = join(folder().path, "hot.db");
    makeDatabase(path);
    await writeFile(`${path}-journal`, Buffer.from("d9d505f920a163d700000001", "hex"));
    const sourceId = await createSource(user, "sqlite", { folder: "data", path: "hot.db" });
    expect(await failureOf(labels(sourceId, user))).toMatchObject({
      reason: "SOURCE_DATA_INVALID",
      message: expect.stringContaining('an unfinished transaction in the file "hot.db-journal"'),
    });
    // As `journal_mode = persist` leaves it.
    await writeFile(`${path}-journal`, Buffer.alloc(512));
    expect(await labels(sourceId, user)).toEqual(["one"]);
  });

  test("FailedPrecondition SOURCE_PATH_REFUSED: a log that can't be read is not left out", async () => {
    const user = mesh().user();
    makeDatabase(join(folder().path, "linked-log.db"));
    await symlink("/etc/hostname", join(folder().path, "linked-log.db-wal"));
    const sourceId = await createSource(user, "sqlite", { folder: "data", path: "linked-log.db" });
    expect(await failureOf(labels(sourceId, user))).toMatchObject({ reason: "SOURCE_PATH_REFUSED" });
  });
});
