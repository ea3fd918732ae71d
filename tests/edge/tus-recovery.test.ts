import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { Upload } from "tus-js-client";
import { expect, test, vi } from "vitest";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { startProgram } from "../lib/program.ts";
import { listen } from "../lib/tcp.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import { download, generated, mib, sha256, startStorageIn, usage, usageOf } from "../storage/fixtures.ts";
import { type StorageProcess, spawnStorage } from "../storage/storage-process.ts";
import { edgeBefore, idOf, locationOf, newUser, tusClient, tusPath } from "./lib/tus.ts";

// Starting processes takes long.
vi.setConfig({ testTimeout: 240_000 });

/** Numbers from 0 to 1 that depend on the seed only. */
function randoms(seed: number, count: number): number[] {
  const bytes = generated(4 * count, seed);
  return Array.from({ length: count }, (_, at) => bytes.readUInt32LE(4 * at) / 2 ** 32);
}

/** A storage process that a test can kill and start again, behind an edge that stays. */
async function startKillable() {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  let process: StorageProcess = await spawnStorage(database, folder.path);
  let restarted = Promise.resolve();
  let receivedBytes = 0;
  let kills: number[] = [];
  const restart = () => {
    restarted = restarted.then(async () => {
      await process.kill();
      process = await spawnStorage(database, folder.path);
    });
    return restarted;
  };
  stack.defer(() => process.kill());
  const port = stack.use(
    await listen((socket) => {
      const upstream = connect(Number(process.address.split(":").at(-1)), "127.0.0.1");
      socket.pipe(upstream).pipe(socket);
      socket.on("data", ({ length }) => {
        receivedBytes += length;
        if (receivedBytes < (kills[0] ?? Number.POSITIVE_INFINITY)) return;
        kills.shift();
        void restart();
      });
      for (const end of [socket, upstream]) end.on("error", () => {});
      socket.on("close", () => upstream.destroy());
      upstream.on("close", () => socket.destroy());
    }),
  );
  const edge = stack.use(await edgeBefore(`127.0.0.1:${port.port}`));
  const owned = stack.move();
  return {
    edge,
    database,
    service: (): RunningService => process,
    restart,
    /** Kills the process when these numbers of bytes have been sent to it, and starts it again. */
    killAfter(bytes: readonly number[]) {
      kills = bytes.map((after) => receivedBytes + after).sort((a, b) => a - b);
    },
    restarted: () => ({ restarted, killsLeft: kills.length }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Resolves when all bytes of the upload are durable: its file is being made then, or its response is on its way. */
async function complete(database: TestDatabase): Promise<void> {
  const count = async () => {
    const rows = await database.sql`
      select from storage.resumable_uploads where offset_bytes = length_bytes`;
    return rows.length;
  };
  await expect.poll(count, { interval: 10, timeout: 200_000 }).toBe(1);
}

async function expectStored(service: RunningService, who: Principal, url: string, content: Buffer) {
  const { bytes } = await download(service, who, { fileId: idOf(url) });
  expect(sha256(bytes)).toBe(sha256(content));
  expect(await usageOf(service, who)).toEqual(usage(content.length, 1));
}

test("OK: kill -9 of storage at any byte, and between the last one and its response, loses nothing", async () => {
  await using scene = await startKillable();
  const { who, headers } = newUser();
  const { authorization = "" } = headers;
  const content = generated(48 * mib, 15);
  const client = tusClient(scene.edge, headers);
  const created = await client.create({ "upload-length": String(content.length) });
  const url = scene.edge.url + locationOf(created);
  scene.killAfter(randoms(151, 3).map((part) => part * content.length));
  const killed = complete(scene.database).then(scene.restart);
  await new Promise<void>((resolve, reject) => {
    const upload = new Upload(content, {
      uploadUrl: url,
      headers: { authorization },
      retryDelays: Array.from({ length: 500 }, () => 200),
      onError: reject,
      onSuccess: () => resolve(),
    });
    upload.start();
  });
  await killed;
  await scene.restarted().restarted;
  expect(scene.restarted().killsLeft).toBe(0);
  const { database } = scene;
  const head = await client.head(locationOf(created));
  expect(head.headers).toMatchObject({
    "upload-offset": String(content.length),
    "sluice-file-id": idOf(url),
  });
  await expectStored(scene.service(), who, url, content);
  expect(await database.sql`select from storage.resumable_parts`).toEqual([]);
  const [reserved] = await database.sql`
    select count(*)::int from storage.reservations where heartbeat_time = 'infinity'`;
  expect(reserved).toEqual({ count: 0 });
});

test("OK: kill -9 of the client at any byte: the next one continues behind the bytes that arrived", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using storage = await startStorageIn(database, join(folder.path, "storage"));
  await using edge = await edgeBefore(storage.address);
  const { who, headers } = newUser();
  const { authorization = "" } = headers;
  const content = generated(64 * mib, 16);
  const path = join(folder.path, "content.bin");
  await writeFile(path, content);
  const client = tusClient(edge, headers);
  const start = () =>
    startProgram("tests/edge/lib/tus-upload.ts", {}, [
      path,
      edge.url + tusPath,
      authorization,
      join(folder.path, "state.json"),
    ]);
  const offset = async () => {
    const [row] = await database.sql`select upload_id, offset_bytes::int from storage.resumable_uploads`;
    return { path: `${tusPath}/${row?.upload_id}`, bytes: Number(row?.offset_bytes ?? 0) };
  };
  let before = 0;
  for (const part of randoms(161, 3)) {
    await using killed = start();
    const goal = before + part * 0.25 * content.length;
    await killed.printed(/resumed/);
    await new Promise<void>((resolve) => {
      const look = () => {
        const sent = [...killed.output().matchAll(/^sent (\d+)$/gm)].at(-1)?.[1] ?? "0";
        if (Number(sent) >= goal) resolve();
      };
      killed.process.on("printed", look);
      look();
    });
    killed.process.kill("SIGKILL");
    await killed.ended;
    // What arrived becomes durable when the edge has seen that the client is gone.
    await expect.poll(async () => (await offset()).bytes).toBeGreaterThan(before);
    const now = await offset();
    expect((await client.head(now.path)).headers["upload-offset"]).toBe(String(now.bytes));
    before = now.bytes;
  }
  await using last = start();
  const url = await last.printed(/stored (\S+)/);
  expect(last.output()).toContain("resumed true");
  const first = Number(/^sent (\d+)$/m.exec(last.output())?.[1]);
  expect(first).toBeGreaterThanOrEqual(before);
  await expectStored(storage, who, url, content);
});
