import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DescService } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { listen } from "../lib/tcp.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, type RunningService, temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import {
  blobPath,
  chunkPart,
  download,
  failureOf,
  filesIn,
  generated,
  kib,
  mib,
  openUpload,
  sha256,
  startStorageIn,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { spawnStorage } from "./storage-process.ts";

// Starting processes and databases takes long.
vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const isRoot = process.geteuid?.() === 0;

/** Considers uploads dead after a short time without a heartbeat, and removes unused content without a grace period. */
const thorough = { heartbeatLostMs: 200, heartbeatMs: 20, graceMs: 0, collectMs: 20, searchMs: 0 };
const diskFull = { code: "ResourceExhausted", reason: "DISK_FULL", metadata: {} };

async function expectReadable(service: RunningService, who: Principal, file: File, content: Uint8Array) {
  const { bytes } = await download(service, who, { fileId: file.fileId });
  expect(bytes.equals(content)).toBe(true);
}

test("OK: after kill -9 in the middle of uploads nothing of them is left, and what was answered is there", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  const content = generated(mib);
  await using killed = await spawnStorage(database, folder.path);
  const file = await upload(killed, who, { content });
  const running = [openUpload(killed, who), openUpload(killed, who, { sizeBytes: BigInt(64 * mib) })];
  for (const open of running) open.send(...[1, 2, 3].map((seed) => chunkPart(generated(mib, seed))));
  await expect.poll(async () => (await filesIn(folder.path)).length).toBe(3);
  await expect.poll(() => usageOf(killed, who)).toEqual(usage(mib, 1, 80 * mib));
  await killed.kill();
  const failures = await Promise.all(running.map(({ answer }) => failureOf(answer)));
  for (const failure of failures) expect(failure).toMatchObject({ code: "Unavailable" });

  await using restarted = await startStorageIn(database, folder.path, thorough);
  await expect.poll(() => usageOf(restarted, who)).toEqual(usage(mib, 1));
  await expect.poll(() => filesIn(folder.path)).toEqual([blobPath(who, file.sha256)]);
  await expectReadable(restarted, who, file, content);
});

test("OK: kill -9 again and again under load loses no answered file and leaves no other", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  const answered: { file: File; content: Buffer }[] = [];
  for (let round = 0; round < 2; round += 1) {
    await using killed = await spawnStorage(database, folder.path);
    const enough = Promise.withResolvers<void>();
    const store = async (seed: number) => {
      const content = generated(200 * kib + seed, seed);
      const file = await upload(killed, who, { content });
      answered.push({ file, content });
      if (answered.length >= (round + 1) * 6) enough.resolve();
    };
    const uploads = Array.from({ length: 16 }, (_, index) => store(100 * round + index + 1));
    const ended = Promise.allSettled(uploads);
    await enough.promise;
    await killed.kill();
    await ended;
  }

  await using restarted = await startStorageIn(database, folder.path, thorough);
  for (const { file, content } of answered) await expectReadable(restarted, who, file, content);
  // A file whose response was lost can exist, too, but only complete.
  const { files } = await restarted.client(FileService, who).listFiles({ pageSize: 1000 });
  for (const file of files) {
    const { bytes } = await download(restarted, who, { fileId: file.fileId });
    expect(sha256(bytes)).toBe(file.sha256);
  }
  const total = files.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
  await expect.poll(() => usageOf(restarted, who)).toEqual(usage(total, files.length));
  const blobs = files.map((file) => blobPath(who, file.sha256)).sort();
  await expect.poll(() => filesIn(folder.path)).toEqual(blobs);
});

test("OK: kill -9 between the bytes' publication and the commit leaves neither bytes nor file", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  const content = generated(kib, 51);
  await using killed = await spawnStorage(database, folder.path);
  await database.sql.begin(async (tx) => {
    await tx`lock table storage.files in exclusive mode`;
    const stuck = failureOf(upload(killed, who, { content }));
    await expect.poll(() => filesIn(folder.path)).toEqual([blobPath(who, sha256(content))]);
    await killed.kill();
    expect(await stuck).toMatchObject({ code: "Unavailable" });
  });
  await using restarted = await startStorageIn(database, folder.path, thorough);
  await expect.poll(() => filesIn(folder.path)).toEqual([]);
  await expect.poll(() => usageOf(restarted, who)).toEqual(usage(0, 0));
  const file = await upload(restarted, who, { content });
  await expectReadable(restarted, who, file, content);
});

test("OK: kill -9 between the commit and the response leaves one file, which the repeated upload returns", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  const request = { content: generated(kib, 54), requestId: randomUUID() };
  await using killed = await spawnStorage(database, folder.path);
  const [host = "", port = ""] = killed.address.split(":");
  // Nothing that storage sends after its first response reaches the client.
  let isSilent = false;
  await using wire = await listen((socket) => {
    const upstream = connect(Number(port), host);
    for (const end of [socket, upstream]) end.on("error", () => {});
    socket.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => isSilent || socket.write(bytes));
    upstream.on("close", () => socket.destroy());
  });
  using transport = transportAs(`127.0.0.1:${wire.port}`, who, "edge");
  const through = {
    ...killed,
    client: <S extends DescService>(service: S) => createClient(service, transport),
  };
  await usageOf(through, who);
  isSilent = true;
  const unanswered = failureOf(upload(through, who, request));
  const rows = () => database.sql`select file_id from storage.files where org_id = ${who.orgId}`;
  await expect.poll(async () => (await rows()).length).toBe(1);
  await killed.kill();
  expect(await unanswered).toMatchObject({ code: "Unavailable" });

  await using restarted = await startStorageIn(database, folder.path, thorough);
  const file = await upload(restarted, who, request);
  expect(await rows()).toEqual([{ file_id: file.fileId }]);
  expect(await usageOf(restarted, who)).toEqual(usage(kib, 1));
  await expectReadable(restarted, who, file, request.content);
});

test("Canceled: a client that goes away between publication and commit leaves no file", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using service = await startStorageIn(database, folder.path, thorough);
  const who = principal();
  const content = generated(kib, 52);
  await database.sql.begin(async (tx) => {
    await tx`lock table storage.files in exclusive mode`;
    const running = openUpload(service, who);
    running.send(chunkPart(content));
    running.end();
    await expect.poll(() => filesIn(folder.path)).toEqual([blobPath(who, sha256(content))]);
    running.abandon();
    expect(await failureOf(running.answer)).toEqual({ code: "Canceled" });
    await expect.poll(() => usageOf(service, who)).toEqual(usage(0, 0));
  });
  await expect.poll(() => filesIn(folder.path)).toEqual([]);
});

test("Unavailable: the database drops the connection that commits, and the process goes on", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using service = await spawnStorage(database, folder.path);
  const { sql } = database;
  const who = principal();
  const content = generated(kib, 53);
  await sql.begin(async (tx) => {
    await tx`lock table storage.files in exclusive mode`;
    const stuck = failureOf(upload(service, who, { content }));
    const [row] = await tx`select pg_backend_pid() as pid`;
    const waiting = () =>
      sql`select pid from pg_stat_activity where ${row?.pid} = any(pg_blocking_pids(pid))`;
    await expect.poll(async () => (await waiting()).length).toBe(1);
    await sql`select pg_terminate_backend(${(await waiting())[0]?.pid})`;
    expect(await stuck).toMatchObject({ code: "Unavailable" });
  });
  await expect.poll(() => usageOf(service, who)).toEqual(usage(0, 0));
  await expectReadable(service, who, await upload(service, who, { content }), content);
});

test("Unavailable: the database stops in the middle of an upload, and is used again when it is back", async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  await using cluster = await startCluster(folder.path);
  const directory = join(folder.path, "storage");
  const who = principal();
  const content = generated(mib, 61);
  await using service = await startStorageIn(cluster, directory, thorough);
  const file = await upload(service, who, { content });
  const running = openUpload(service, who);
  running.send(chunkPart(generated(mib, 62)));
  await expect.poll(() => usageOf(service, who)).toEqual(usage(mib, 1, 16 * mib));
  await cluster.stop();
  running.end();
  expect(await failureOf(running.answer)).toMatchObject({ code: "Unavailable" });
  expect(await filesIn(directory)).toEqual([blobPath(who, file.sha256)]);

  await cluster.start();
  await expect.poll(() => usageOf(service, who).catch(() => undefined)).toEqual(usage(mib, 1));
  await expectReadable(service, who, file, content);
  await upload(service, who, { content: "and on" });
});

/** A separate database server that can be restarted at the same address. */
async function startCluster(folder: string) {
  const socket = join(folder, "socket");
  const start = async () => {
    const server = await startPostgres({
      dataDirectory: join(folder, "postgres"),
      settings: { fsync: "off" },
    });
    await rm(socket, { force: true });
    await symlink(server.socketDirectory, socket);
    return server;
  };
  let server = await start();
  const adminUrl = server.url.replace(/@[^:]*/, `@${encodeURIComponent(socket)}`);
  const urls = await provisionDatabase({ adminUrl, rolePrefix: "s", passwordOf: () => "secret" });
  const stop = () => server[Symbol.asyncDispose]();
  return {
    urls,
    stop,
    async start() {
      server = await start();
    },
    [Symbol.asyncDispose]: stop,
  };
}

test("Unavailable: a process without a descriptor left refuses content, loses none, and stores again", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  await using service = await spawnStorage(database, folder.path);
  const content = generated(mib, 73);
  const file = await upload(service, who, { content });
  const limitFiles = (count: string) => run("prlimit", ["--pid", String(service.pid), `--nofile=${count}`]);
  const [soft = "", hard = ""] = (
    await run("prlimit", ["--pid", String(service.pid), "--nofile", "-o", "SOFT,HARD", "--noheadings"])
  ).stdout
    .trim()
    .split(/\s+/);
  const openFiles = (await readdir(`/proc/${service.pid}/fd`)).length;
  await limitFiles(`${openFiles}:${hard}`);
  for (let seed = 74; seed < 77; seed += 1) {
    expect(await failureOf(upload(service, who, { content: generated(mib, seed) }))).toMatchObject({
      code: "Unavailable",
    });
  }
  await limitFiles(`${soft}:${hard}`);
  await expectReadable(service, who, file, content);
  await expectReadable(
    service,
    who,
    await upload(service, who, { content: generated(mib, 74) }),
    generated(mib, 74),
  );
  expect(await usageOf(service, who)).toEqual(usage(2 * mib, 2));
});

test("ResourceExhausted: a file that outgrows what the process may write leaves nothing", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  await using bounded = await spawnStorage(database, folder.path, { fileBytesMax: 2 * mib });
  expect(await failureOf(upload(bounded, who, { content: generated(4 * mib, 71) }))).toEqual(diskFull);
  expect(await usageOf(bounded, who)).toEqual(usage(0, 0));
  expect(await filesIn(folder.path)).toEqual([]);
  const content = generated(mib, 72);
  await expectReadable(bounded, who, await upload(bounded, who, { content }), content);
});

// Only root can mount a small file system. The test above limits the process instead.
test.runIf(isRoot)("ResourceExhausted: a full disk, announced or not, leaves nothing", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "small");
  await mkdir(directory);
  await run("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", directory]);
  try {
    await using service = await startStorageIn(database, directory, thorough);
    const who = principal();
    const content = generated(2 * mib, 81);
    const file = await upload(service, who, { content });
    const announced = openUpload(service, who, { sizeBytes: BigInt(8 * mib) });
    expect(await failureOf(announced.answer)).toEqual(diskFull);
    expect(await failureOf(upload(service, who, { content: generated(8 * mib, 82) }))).toEqual(diskFull);
    expect(await usageOf(service, who)).toEqual(usage(2 * mib, 1));
    expect(await filesIn(directory)).toEqual([blobPath(who, file.sha256)]);
    await expectReadable(service, who, file, content);
    await upload(service, who, { content: generated(2 * mib, 83) });
  } finally {
    await run("umount", [directory]);
  }
});
