import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { startForeignDatabase } from "../orchestration/foreign-database.ts";
import { databaseSource, queryChunks, startMesh } from "./mesh.ts";
import { createJob, ended, eventually, startStaging, storedFiles, type User } from "./staging.ts";
import { spawnWorker } from "./worker-process.ts";

const rowCount = 5_000_000;
/** Time in which another worker has to take over. About twelve seconds on an idle machine. */
const retakenMs = 30_000;

/** A fingerprint of a multiset of rows, equal in PostgreSQL and DuckDB. */
const fingerprint = (hexToNumber: (hex: string) => string) =>
  `select count(*)::text as rows, sum(${hexToNumber("substr(md5(id || ',' || coalesce(note, 'null')), 1, 8)")})::text as hash`;
const inPostgresql = fingerprint((hex) => `('x' || ${hex})::bit(32)::bigint`);
const inDuckdb = fingerprint((hex) => `('0x' || ${hex})::bigint`);

async function waitForChunks({ jobs }: User, jobId: string, count: number): Promise<void> {
  for await (const { job } of jobs.watchJob({ jobId })) {
    if ((job?.progress?.chunkCount ?? 0) >= count) return;
  }
  throw new Error("the job ended before");
}

test("OK: kill -9 of a worker loses no row of 5 million, and none comes twice", {
  timeout: 300_000,
}, async () => {
  await using mesh = await startMesh({ STAGING_JOBS_AT_ONCE: "0" });
  await using foreign = await startForeignDatabase();
  await foreign.sql.unsafe(`
    create unlogged table numbers (id int, note text);
    insert into numbers select n, case when n % 7 > 0 then 'n' || n % 1000 end
      from generate_series(1, ${rowCount}) as n;
    analyze numbers;
    grant select on numbers to public`);
  const user = mesh.user();
  const source = await databaseSource(mesh, user, foreign);
  await using first = await spawnWorker(mesh.environment);
  const { jobId } = await createJob(user, source, { chunkRows: 250_000n });
  await waitForChunks(user, jobId, 1);
  const before = (await user.jobs.listChunks({ jobId })).chunks;
  await using _second = await spawnWorker(mesh.environment);
  await first.kill();
  const attempt = async () =>
    (await mesh.database.sql`select attempt from staging.jobs where job_id = ${jobId}`)[0]?.attempt;
  await expect.poll(attempt, { timeout: retakenMs }).toBe(2);

  const job = await ended(user, jobId);

  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: BigInt(rowCount) } });
  expect(job.progress?.chunkCount).toBeGreaterThanOrEqual(20);
  const [expected] = await foreign.sql.unsafe(`${inPostgresql} from numbers`);
  expect(await queryChunks(mesh, user, jobId, `${inDuckdb} from chunks`)).toEqual([expected]);
  // Chunks that the first worker committed are unchanged.
  const { chunks } = await user.jobs.listChunks({ jobId, pageSize: 1000 });
  const fileIds = new Map(chunks.map(({ index, fileId }) => [index, fileId]));
  expect(before.length).toBeGreaterThanOrEqual(1);
  for (const { index, fileId } of before) expect(fileIds.get(index)).toBe(fileId);
  const { manifest } = await user.jobs.getManifest({ jobId });
  expect(manifest?.tables[0]?.files.map(({ index }) => index)).toEqual(chunks.map((_, index) => index));
  // Files that the first worker stored without a commit are removed.
  await eventually(() => storedFiles(user).then(({ length }) => length)).toBe(chunks.length + 1);
});

test("OK: a worker that was stopped for long commits nothing when it wakes up", async () => {
  await using staging = await startStaging({ STAGING_JOBS_AT_ONCE: "0" });
  const { peers, database } = staging;
  const user = staging.user();
  // Each worker is held in the middle of the third chunk.
  const holds = Array.from({ length: 2 }, () => ({
    reached: Promise.withResolvers<void>(),
    release: Promise.withResolvers<void>(),
  }));
  const [inSleeper, inOther] = holds;
  if (!inSleeper || !inOther) throw new Error("no holds");
  const next = holds.values();
  peers.amidChunk = ({ range }) => {
    const hold = range === "2" ? next.next().value : undefined;
    hold?.reached.resolve();
    return hold?.release.promise;
  };
  await using sleeper = await spawnWorker(staging.environment);
  const { jobId } = await createJob(user, peers.addSource(user.who, {}));
  await waitForChunks(user, jobId, 2);
  await inSleeper.reached.promise;
  process.kill(sleeper.pid, "SIGSTOP");
  await using _other = await spawnWorker(staging.environment);
  await inOther.reached.promise;
  const stored = () => database.sql`
    select chunk_index, attempt from staging.chunks
    where job_id = ${jobId} and file_id is not null order by chunk_index`;
  const before = await stored();
  expect(before).toHaveLength(2);

  inSleeper.release.resolve();
  process.kill(sleeper.pid, "SIGCONT");

  // It completes another job while the other worker is held, so it has woken up and given up the first job.
  const another = await createJob(user, peers.addSource(user.who, {}));
  expect((await ended(user, another.jobId)).state).toBe(JobState.SUCCEEDED);
  expect(await stored()).toEqual(before);
  inOther.release.resolve();
  const job = await ended(user, jobId);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { chunkCount: 3, rowCount: 3000n } });
  expect(await stored()).toEqual([...before, { chunk_index: 2, attempt: 2 }]);
  await eventually(() => storedFiles(user).then(({ length }) => length)).toBe(8);
});
