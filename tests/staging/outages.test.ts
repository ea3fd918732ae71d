import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import { parseConfig } from "../../services/staging/config.ts";
import { run } from "../../services/staging/run.ts";
import { startStoppableDatabase } from "../lib/stoppable-database.ts";
import { listen } from "../lib/tcp.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { startStorageIn } from "../storage/fixtures.ts";
import { spawnStorage } from "../storage/storage-process.ts";
import { startPeers } from "./peers.ts";
import { createJob, ended, environmentOf, eventually, storedFiles, userOf } from "./staging.ts";

test("OK: jobs go on when staging's database was stopped and is back, and no chunk comes twice", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startStoppableDatabase());
  const urls = await provisionDatabase({
    adminUrl: server.url,
    rolePrefix: "sluice",
    passwordOf: () => "a password",
  });
  const stored = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  const storage = stack.use(await startStorageIn(stored, folder.path));
  const peers = stack.use(await startPeers());
  const environment = environmentOf({ urls }, { peers: peers.address, storage: storage.address });
  const service = stack.use(await startService(run, parseConfig(environment)));
  const user = userOf(service, storage);
  const reached = Promise.withResolvers<void>();
  const hold = Promise.withResolvers<void>();
  peers.amidChunk = ({ range }) => {
    if (range !== "1") return;
    reached.resolve();
    return hold.promise;
  };
  const { jobId } = await createJob(user, peers.addSource(user.who, {}));
  await reached.promise;
  await server.stop();
  hold.resolve();
  await expect(user.jobs.getJob({ jobId })).rejects.toThrow("the database does not answer");
  await server.start();
  const state = () =>
    user.jobs.getJob({ jobId }).then(
      ({ job }) => job?.state,
      () => undefined,
    );
  await eventually(state).toBe(JobState.SUCCEEDED);
  const { chunks } = await user.jobs.listChunks({ jobId });
  expect(chunks.map(({ index, rowCount }) => [index, rowCount])).toEqual([
    [0, 1000n],
    [1, 1000n],
    [2, 1000n],
  ]);
  await eventually(() => storedFiles(user).then(({ length }) => length)).toBe(4);
});

test("FAILED: a full disk of storage ends the job, and gives its space back", async () => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  // A chunk of the peers is larger.
  const storage = stack.use(
    await spawnStorage(database, join(folder.path, "storage"), { fileBytesMax: 64 * 1024 }),
  );
  const peers = stack.use(await startPeers());
  const environment = environmentOf(database, { peers: peers.address, storage: storage.address });
  const service = stack.use(await startService(run, parseConfig(environment)));
  const user = userOf(service, storage);
  const { jobId } = await createJob(user, peers.addSource(user.who, {}));
  const job = await ended(user, jobId);
  expect(job).toMatchObject({ state: JobState.FAILED, progress: { chunkCount: 0 } });
  expect(job.errorMessage).toMatch(/no space/);
  await eventually(() => storedFiles(user)).toEqual([]);
});

test("OK: a job waits for a storage that is away, and goes on", async () => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  const peers = stack.use(await startPeers());
  const storage = stack.use(await startStorageIn(database, folder.path));
  let away = true;
  const door = stack.use(await forwardUnless(() => away, storage.address));
  const environment = environmentOf(database, { peers: peers.address, storage: `127.0.0.1:${door.port}` });
  const service = stack.use(await startService(run, parseConfig(environment)));
  const user = userOf(service, storage);
  const { jobId } = await createJob(user, peers.addSource(user.who, {}));
  const attempts = async () =>
    (await database.sql`select attempt from staging.jobs where job_id = ${jobId}`)[0]?.attempt;
  await eventually(async () => (await attempts()) >= 2).toBe(true);
  const [row] = await database.sql`select failure_count from staging.jobs where job_id = ${jobId}`;
  expect(row?.failure_count).toBe(0);
  away = false;
  expect(await ended(user, jobId)).toMatchObject({
    state: JobState.SUCCEEDED,
    progress: { rowCount: 3000n },
  });
});

/** A TCP port that forwards to an address, or closes connections. */
function forwardUnless(isAway: () => boolean, address: string) {
  return listen((socket) => {
    if (isAway()) {
      socket.destroy();
      return;
    }
    const upstream = connect(Number(address.split(":")[1]), "127.0.0.1");
    socket.pipe(upstream).pipe(socket);
    upstream.on("error", () => socket.destroy());
    upstream.on("close", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
  });
}
