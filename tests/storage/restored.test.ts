import { cp, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { File } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { StorageConfig } from "../../services/storage/config.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { principal, type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import { newMasterKey } from "./encryption-fixtures.ts";
import {
  blobPath,
  download,
  failureOf,
  fileMissing,
  filesIn,
  flipByte,
  generated,
  startStorageIn,
  upload,
} from "./fixtures.ts";
import { eager, scrub, told } from "./scrub-fixtures.ts";
import { removeFile } from "./trash-fixtures.ts";

// Database and objects that do not belong together, as after a restore of one of the two.

vi.setConfig({ testTimeout: 120_000 });

const collecting = { ...eager, collectMs: 20, graceMs: 0 };

type World = {
  readonly database: TestDatabase;
  readonly directory: string;
  readonly who: Principal;
  /** A file that is always there, one that is deleted between the backup and the end, one that is stored then. */
  readonly files: Readonly<Record<"kept" | "deleted" | "added", File>>;
  start(limits?: object): Promise<RunningService>;
};

const contents = { kept: generated(1000, 1), deleted: generated(2000, 2), added: generated(3000, 3) };

/** Runs `backUp` between two parts of a life of an installation. */
async function live(
  stack: AsyncDisposableStack,
  settings: Partial<StorageConfig>,
  backUp: (world: Omit<World, "files">) => Promise<void>,
): Promise<World> {
  const database = stack.use(await createTestDatabase());
  const { path: directory } = stack.use(await temporaryFolder());
  const start = (limits = {}) =>
    startStorageIn(database, directory, { ...eager, ...limits }, undefined, undefined, settings);
  const world = { database, directory, who: principal(), start };
  const { who } = world;
  const { kept, deleted } = await withService(await start(), async (service) => ({
    kept: await upload(service, who, { content: contents.kept }),
    deleted: await upload(service, who, { content: contents.deleted }),
  }));
  await backUp(world);
  const added = await withService(await start(collecting), async (service) => {
    await removeFile(service, who, deleted.fileId);
    const path = blobPath(who, deleted.sha256);
    await expect.poll(async () => (await filesIn(directory)).includes(path)).toBe(false);
    return upload(service, who, { content: contents.added });
  });
  return { ...world, files: { kept, deleted, added } };
}

async function withService<T>(
  service: RunningService,
  work: (service: RunningService) => Promise<T>,
): Promise<T> {
  await using running = service;
  return await work(running);
}

const finding = (kind: string, { sha256 }: File, files: readonly File[], repaired = false) => ({
  kind,
  sha256,
  fileIds: files.map(({ fileId }) => fileId),
  repaired,
});

const inOrder = (findings: readonly ReturnType<typeof finding>[]) =>
  findings.toSorted((one, other) => (one.sha256 < other.sha256 ? -1 : 1));

const corrupt = { code: "DataLoss", reason: "CONTENT_CORRUPT" };

describe.each([
  ["plain", {}],
  ["encrypted", { masterKey: newMasterKey() }],
])("%s", (_, settings) => {
  test("OK: objects that are older than the database: those that are missing and those that are too many are said", async () => {
    await using stack = new AsyncDisposableStack();
    const { path: backup } = stack.use(await temporaryFolder());
    const world = await live(stack, settings, ({ directory }) =>
      cp(join(directory, "objects"), join(backup, "objects"), { recursive: true }),
    );
    const { directory, who, files } = world;
    await rm(join(directory, "objects"), { recursive: true });
    await cp(join(backup, "objects"), join(directory, "objects"), { recursive: true });
    {
      await using service = await world.start();
      const { findings } = await scrub(service);
      expect(told(findings)).toEqual(
        inOrder([finding("MISSING", files.added, [files.added]), finding("UNKNOWN", files.deleted, [])]),
      );
      const read = ({ fileId }: File) => download(service, who, { fileId });
      expect((await read(files.kept)).bytes.equals(contents.kept)).toBe(true);
      expect(await failureOf(read(files.added))).toMatchObject(corrupt);
      expect(await failureOf(read(files.deleted))).toEqual(fileMissing(files.deleted.fileId));
      // An upload of the same content is the repair.
      await upload(service, who, { content: contents.added });
      expect((await read(files.added)).bytes.equals(contents.added)).toBe(true);
    }
    await using service = await world.start(collecting);
    const unknown = blobPath(who, files.deleted.sha256);
    await expect.poll(async () => (await filesIn(directory)).includes(unknown)).toBe(false);
    expect((await scrub(service)).findings).toEqual([]);
  });

  test("OK: a database that is older than the objects: the same", async () => {
    await using stack = new AsyncDisposableStack();
    const world = await live(stack, settings, async ({ database: { sql } }) => {
      await sql`create schema backup`;
      await sql`create table backup.files as select * from storage.files`;
      await sql`create table backup.blobs as select * from storage.blobs`;
    });
    const { who, files, database } = world;
    await database.sql.begin(async (tx) => {
      await tx`delete from storage.files`;
      await tx`delete from storage.blobs`;
      await tx`insert into storage.blobs select * from backup.blobs`;
      const [row] = await tx`
        select string_agg(quote_ident(column_name), ', ') as columns from information_schema.columns
        where table_schema = 'storage' and table_name = 'files' and is_generated = 'NEVER'`;
      await tx.unsafe(`insert into storage.files (${row?.columns}) select ${row?.columns} from backup.files`);
    });
    await using service = await world.start();
    const { findings } = await scrub(service);
    expect(told(findings)).toEqual(
      inOrder([finding("MISSING", files.deleted, [files.deleted]), finding("UNKNOWN", files.added, [])]),
    );
    const read = ({ fileId }: File) => download(service, who, { fileId });
    expect((await read(files.kept)).bytes.equals(contents.kept)).toBe(true);
    expect(await failureOf(read(files.deleted))).toMatchObject(corrupt);
    expect(await failureOf(read(files.added))).toEqual(fileMissing(files.added.fileId));
    // The unknown object is used again by who stores its content.
    const again = await upload(service, who, { content: contents.added });
    expect((await read(again)).bytes.equals(contents.added)).toBe(true);
    expect(told((await scrub(service)).findings)).toEqual([
      finding("MISSING", files.deleted, [files.deleted]),
    ]);
  });

  test("OK: what is corrupt, cut off or missing is repaired from a second copy, unless that is damaged, too", async () => {
    await using database = await createTestDatabase();
    await using folder = await temporaryFolder();
    await using copy = await temporaryFolder();
    const who = principal();
    const directory = join(folder.path, "storage");
    const start = (given: Partial<StorageConfig>) =>
      startStorageIn(database, directory, eager, undefined, undefined, { ...settings, ...given });
    const bytes = [4, 5, 6, 7, 8].map((seed) => generated(200_000, seed));
    const files = await withService(await start({}), async (service) => {
      const stored: File[] = [];
      for (const content of bytes) stored.push(await upload(service, who, { content }));
      return stored;
    });
    const [one, cut, missing, lost, sound] = files as [File, File, File, File, File];
    await cp(directory, copy.path, { recursive: true });
    const pathOf = (root: string, { sha256 }: File) => join(root, blobPath(who, sha256));
    await flipByte(pathOf(directory, one), 100_000);
    await truncate(pathOf(directory, cut), 100_000);
    await rm(pathOf(directory, missing));
    await flipByte(pathOf(directory, lost), 3);
    for (const damaged of [lost, sound]) await flipByte(pathOf(copy.path, damaged), 150_000);
    await using service = await start({ copyDirectory: copy.path });
    const { scrub: report, findings } = await scrub(service);
    expect(told(findings)).toEqual(
      inOrder([
        finding("CORRUPT", one, [one], true),
        finding("WRONG_SIZE", cut, [cut], true),
        finding("MISSING", missing, [missing], true),
        finding("CORRUPT", lost, [lost]),
      ]),
    );
    expect(report.repairedCount).toBe(3n);
    for (const [at, file] of files.entries()) {
      const read = download(service, who, { fileId: file.fileId });
      if (file === lost) expect(await failureOf(read)).toMatchObject(corrupt);
      else expect((await read).bytes.equals(bytes[at] ?? Buffer.alloc(0))).toBe(true);
    }
    expect(told((await scrub(service)).findings)).toEqual([finding("CORRUPT", lost, [lost])]);
    expect((await filesIn(directory)).filter((path) => path.startsWith("tmp/"))).toEqual([]);
  });

  test("OK: a read of a damaged object fails, and has it replaced by its second copy", async () => {
    await using database = await createTestDatabase();
    await using folder = await temporaryFolder();
    await using copy = await temporaryFolder();
    const who = principal();
    const directory = join(folder.path, "storage");
    const start = (given: Partial<StorageConfig>) =>
      startStorageIn(database, directory, eager, undefined, undefined, { ...settings, ...given });
    const content = generated(200_000, 9);
    const file = await withService(await start({}), (service) => upload(service, who, { content }));
    await cp(directory, copy.path, { recursive: true });
    await flipByte(join(directory, blobPath(who, file.sha256)), 100_000);
    await using service = await start({ copyDirectory: copy.path });
    const read = () => download(service, who, { fileId: file.fileId });
    expect(await failureOf(read())).toMatchObject(corrupt);
    await expect
      .poll(() =>
        read().then(
          ({ bytes }) => bytes.equals(content),
          () => false,
        ),
      )
      .toBe(true);
    expect((await scrub(service)).findings).toEqual([]);
  });
});
