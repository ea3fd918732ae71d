import { randomUUID } from "node:crypto";
import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  ArchiveFormat,
  ArchiveService,
  type DownloadArchiveRequestSchema,
} from "../../gen/sluice/storage/v1/archives_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { collectBody, untar, unzip } from "./archives.ts";
import {
  blobPath,
  failureOf,
  fileMissing,
  filesIn,
  flipByte,
  generated,
  lacking,
  mib,
  startStorage,
  upload,
} from "./fixtures.ts";

const storage = forFile(startStorage);

type Request = MessageInitShape<typeof DownloadArchiveRequestSchema>;
const bodies = (who: Principal, request: Request, signal?: AbortSignal) =>
  storage()
    .client(ArchiveService, who)
    .downloadArchive(request, { ...(signal && { signal }) });
const archive = (who: Principal, request: Request) => collectBody(bodies(who, request));

const uploadAll = (who: Principal, contents: Readonly<Record<string, string>>) =>
  Promise.all(Object.entries(contents).map(([name, content]) => upload(storage(), who, { name, content })));

test.each([
  [ArchiveFormat.UNSPECIFIED, "application/zip", "files.zip", unzip],
  [ArchiveFormat.TAR, "application/x-tar", "files.tar", untar],
] as const)(
  "OK: the files in the order of the request, with the size of the whole: %s",
  async (format, type, name, read) => {
    const who = principal();
    const long = `${"long-".repeat(40)}größe.txt`;
    const files = await uploadAll(who, {
      "a.csv": "a,b\n1,2\n",
      "größe 日本.csv": "ü",
      empty: "",
      [long]: "long",
    });
    const twin = await upload(storage(), who, { name: "A.CSV", content: "another" });
    const fileIds = [...files, twin, ...files].map(({ fileId }) => fileId);
    const { status, contentType, headers, bytes } = await archive(who, { fileIds, format });
    expect([status, contentType, headers]).toEqual([
      200,
      type,
      {
        "content-type": type,
        "content-length": String(bytes.length),
        "content-disposition": `attachment; filename="${name}"`,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      },
    ]);
    const entries = await read(bytes);
    expect(entries.map(([, content]) => content)).toEqual(["a,b\n1,2\n", "ü", "", "long", "another"]);
    expect(entries.map(([entry]) => entry)).toEqual(["a.csv", "größe 日本.csv", "empty", long, "A (2).CSV"]);
  },
);

test("OK: large content, and a name of the caller's choice", async () => {
  const who = principal();
  const content = generated(3 * mib + 1).toString("latin1");
  const { fileId } = await upload(storage(), who, { content });
  for (const [format, read] of [
    [ArchiveFormat.ZIP, unzip],
    [ArchiveFormat.TAR, untar],
  ] as const) {
    const { headers, bytes } = await archive(who, { fileIds: [fileId], format, name: "mine.bin" });
    expect(headers).toMatchObject({
      "content-disposition": 'attachment; filename="mine.bin"',
      "content-length": String(bytes.length),
    });
    expect((await read(bytes)).map(([, each]) => each === content)).toEqual([true]);
  }
});

test("OK: uploads by the prefix of their name, in a namespace or all", async () => {
  const who = principal();
  await uploadAll(who, { "x-2.csv": "2", "x-1.csv": "1", "y.csv": "y", "x%": "%" });
  const named = async (request: Request) =>
    (await unzip((await archive(who, request)).bytes)).map(([name]) => name);
  expect(await named({ prefix: "x" })).toEqual(["x%", "x-1.csv", "x-2.csv"]);
  expect(await named({ prefix: "x-", namespace: "default" })).toEqual(["x-1.csv", "x-2.csv"]);
});

test("OK: the folders of files, which a prefix selects; a file in the trash is none", async () => {
  const who = principal();
  const inFolder = (folder: string, name: string) => upload(storage(), who, { folder, name, content: name });
  const kept = await inFolder("reports/2026/", "a.csv");
  const trashed = await inFolder("reports/2026/", "b.csv");
  await inFolder("reports/2025/", "c.csv");
  await storage().client(FileService, who).deleteFile({ fileId: trashed.fileId });
  const { bytes } = await archive(who, { prefix: "reports/2026/" });
  expect(await unzip(bytes)).toEqual([["reports/2026/a.csv", "a.csv"]]);
  expect(await failureOf(archive(who, { fileIds: [kept.fileId, trashed.fileId] }))).toEqual(
    fileMissing(trashed.fileId),
  );
});

/** Many files of one content, without uploading each, until they are disposed. */
async function copies(who: Principal, fileId: string, count: number): Promise<AsyncDisposable> {
  const { sql } = storage().database;
  await sql`
    insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id)
    select gen_random_uuid(), org_id, 'copy ' || n, content_type, size_bytes, sha256, creator_user_id
    from storage.files cross join generate_series(1, ${count}::int) n where file_id = ${fileId}`;
  return {
    async [Symbol.asyncDispose]() {
      await sql`delete from storage.files where org_id = ${who.orgId} and name like 'copy %'`;
    },
  };
}

test("OK: thousands of files, whose directory is larger than 64 KiB, with the size that was told", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { name: "first", content: "x" });
  await using _copies = await copies(who, fileId, 1500);
  for (const format of [ArchiveFormat.ZIP, ArchiveFormat.TAR]) {
    const { headers, bytes } = await archive(who, { prefix: "copy", format });
    expect(headers["content-length"]).toBe(String(bytes.length));
    if (format === ArchiveFormat.ZIP) expect((await unzip(bytes)).length).toBe(1500);
  }
});

test("InvalidArgument: more than 10,000 files that match, no selection, and two", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { name: "first", content: "x" });
  await using _copies = await copies(who, fileId, 10_001);
  expect(await failureOf(archive(who, { prefix: "copy" }))).toEqual({
    code: "InvalidArgument",
    fields: ["prefix"],
  });
  for (const request of [{}, { prefix: "a", fileIds: [fileId] }]) {
    expect(await failureOf(archive(who, request))).toEqual({ code: "InvalidArgument", fields: ["request"] });
  }
  expect(await failureOf(archive(who, { fileIds: ["me"] }))).toEqual({
    code: "InvalidArgument",
    fields: ["file_ids[0]"],
  });
});

test("NotFound: the first file that is unknown, or another organisation's; a prefix that no name has", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const foreign = await upload(storage(), principal());
  for (const id of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(archive(who, { fileIds: [fileId, id, randomUUID()] }))).toEqual(fileMissing(id));
  }
  expect(await failureOf(archive(who, { prefix: "nobody" }))).toEqual({
    code: "NotFound",
    reason: "RESOURCE_NOT_FOUND",
    metadata: { prefix: "nobody" },
  });
});

test("DataLoss: damage of the first file before anything is sent, and of another one in the middle", async () => {
  const who = principal();
  const good = await upload(storage(), who, { content: generated(2 * mib, 31) });
  const bad = await upload(storage(), who, { content: generated(1000, 32) });
  await flipByte(join(storage().directory, blobPath(who, bad.sha256)), 7);
  const failure = { code: "DataLoss", reason: "CONTENT_CORRUPT", metadata: { sha256: bad.sha256 } };
  for (const format of [ArchiveFormat.ZIP, ArchiveFormat.TAR]) {
    const order = async (...files: { fileId: string }[]) => {
      let received = 0;
      const read = async () => {
        for await (const { data } of bodies(who, { format, fileIds: files.map(({ fileId }) => fileId) }))
          received += data.length;
      };
      expect(await failureOf(read())).toEqual(failure);
      return received;
    };
    expect(await order(bad, good)).toBe(0);
    expect(await order(good, bad)).toBeGreaterThan(mib);
  }
});

test("NotFound: a file that is removed before its turn breaks the archive off", async () => {
  const who = principal();
  const first = await upload(storage(), who, { content: generated(24 * mib, 41) });
  const second = await upload(storage(), who, { name: "second", content: "never sent" });
  const read = bodies(who, { fileIds: [first.fileId, second.fileId] })[Symbol.asyncIterator]();
  await read.next();
  await storage().client(FileService, who).deleteFile({ fileId: second.fileId });
  const rest = async () => {
    for (let next = await read.next(); !next.done; next = await read.next());
  };
  expect(await failureOf(rest())).toEqual(fileMissing(second.fileId));
});

test("OK: a caller who goes away stops the reading, and keeps no removed content open", async () => {
  await using collecting = await startStorage({ graceMs: 0, collectMs: 10 });
  const who = principal();
  const archives = collecting.client(ArchiveService, who);
  for (const [seed, format] of [ArchiveFormat.ZIP, ArchiveFormat.TAR].entries()) {
    // More than both sides of a connection hold.
    const { fileId, sha256 } = await upload(collecting, who, { content: Buffer.alloc(80 * mib, seed + 1) });
    const gone = new AbortController();
    const read = archives.downloadArchive({ fileIds: [fileId], format }, { signal: gone.signal });
    await read[Symbol.asyncIterator]().next();
    await collecting.client(FileService, who).deleteFile({ fileId });
    await collecting.client(FileService, { ...who, roles: ["admin"] }).purgeFile({ fileId });
    await expect.poll(() => filesIn(collecting.directory), { timeout: 20_000 }).toEqual([]);
    expect(await openFiles(sha256)).toHaveLength(1);
    gone.abort();
    await expect.poll(() => openFiles(sha256), { timeout: 20_000 }).toEqual([]);
  }
});

/** Open files of this process, in which the service runs, whose path contains the hash. */
async function openFiles(hash: string): Promise<string[]> {
  const links = (await readdir("/proc/self/fd")).map((name) => readlink(`/proc/self/fd/${name}`));
  const paths = await Promise.allSettled(links);
  return paths.flatMap((path) =>
    path.status === "fulfilled" && path.value.includes(hash) ? [path.value] : [],
  );
}

test("PermissionDenied: somebody without a role", async () => {
  const who = principal({ roles: [] });
  expect(await failureOf(archive(who, { prefix: "a" }))).toEqual(lacking("storage.files.read"));
});
