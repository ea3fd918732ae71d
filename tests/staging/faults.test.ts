import { Code } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failure, invalidField, retryAfter } from "../../services/lib/rpc/errors.ts";
import { run } from "../../services/staging/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService } from "../lib/test-mesh.ts";
import { createJob, ended, eventually, startStaging, storedFiles, type User } from "./staging.ts";

const staging = forFile(startStaging);
afterEach(() => {
  Object.assign(staging().peers, {
    state: "first",
    repeatable: false,
    roles: ["editor"],
    beforeChunk: () => {},
    amidChunk: () => {},
    beforePlan: () => {},
    recordLineage: () => {},
  });
  staging().peers.truncated.clear();
});

/** Runs a function on the first call only. */
function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

/** Refuses the first calls as an orchestration without free permits does. */
function refusing(times: number): () => void {
  let left = times;
  return () => {
    left -= 1;
    if (left >= 0) throw failure(Code.Unavailable, ErrorReason.SERVICE_BUSY, "try again");
  };
}

const unreachable = () =>
  failure(Code.Unavailable, ErrorReason.SOURCE_UNREACHABLE, "db.example.org:5432 refuses the connection");

async function stage(user: User, chunkRows = 1000n) {
  staging().peers.asked.length = 0;
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}), { chunkRows });
  return ended(user, jobId);
}

/** Resolves when two of the three chunks of the user's job are stored. */
const othersStored = ({ who }: User) =>
  eventually(
    async () =>
      (await staging().database.sql`select chunk_count from staging.jobs where org_id = ${who.orgId}`)[0]
        ?.chunk_count,
  ).toBe(2);

const plans = () => staging().peers.asked.filter((asked) => asked === "plan").length;

test("OK: a snapshot that is lost mid-extract is replaced, and the job starts over with the new one", async () => {
  const { peers } = staging();
  const user = staging().user();
  peers.amidChunk = async ({ range }) => {
    if (range !== "2" || peers.state === "second") return;
    await othersStored(user);
    peers.state = "second";
    peers.snapshots.clear();
  };
  const job = await stage(user);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { chunkCount: 3, rowCount: 3000n } });
  const { manifest } = await user.jobs.getManifest({ jobId: job.jobId });
  expect(manifest?.snapshot).toBe("second");
  expect(plans()).toBe(2);
  await eventually(() => storedFiles(user).then(({ length }) => length)).toBe(4);
});

test("OK: a lost snapshot of a source that is proven to be the same costs no stored chunk", async () => {
  const { peers } = staging();
  const user = staging().user();
  peers.repeatable = true;
  const lose = once(() => peers.snapshots.clear());
  peers.amidChunk = async ({ range }) => {
    if (range !== "2") return;
    await othersStored(user);
    lose();
  };
  const job = await stage(user);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { chunkCount: 3 } });
  expect(peers.asked.filter((asked) => asked === "chunk 0:0")).toHaveLength(1);
});

test("OK: a source that is away for a moment is asked again", async () => {
  const user = staging().user();
  staging().peers.amidChunk = once(() => {
    throw unreachable();
  });
  expect(await stage(user)).toMatchObject({ state: JobState.SUCCEEDED, progress: { chunkCount: 3 } });
  expect(await storedFiles(user)).toHaveLength(4);
});

test("OK: a job waits for places of an orchestration that is busy, in one attempt", async () => {
  const { peers, database } = staging();
  peers.beforePlan = refusing(3);
  peers.beforeChunk = refusing(3);
  const { jobId, state } = await stage(staging().user());
  const [row] = await database.sql`select attempt, plan_count from staging.jobs where job_id = ${jobId}`;
  expect([state, row?.attempt, row?.plan_count]).toEqual([JobState.SUCCEEDED, 1, 1]);
  expect(plans()).toBe(4);
});

test("OK: a plan and a chunk that had to make room for others are done again, in one attempt, and nothing is lost", async () => {
  const { peers, database } = staging();
  const user = staging().user();
  const makeRoom = () => {
    const error = failure(Code.Aborted, ErrorReason.EXECUTION_PREEMPTED, "ended to make room for others");
    throw retryAfter(error, 1);
  };
  peers.beforePlan = once(makeRoom);
  peers.amidChunk = once(makeRoom);
  const { jobId, state, progress } = await stage(user);
  const [row] = await database.sql`select attempt, plan_count from staging.jobs where job_id = ${jobId}`;
  expect([state, row?.attempt, row?.plan_count]).toEqual([JobState.SUCCEEDED, 1, 1]);
  expect(progress).toMatchObject({ chunkCount: 3, rowCount: 3000n });
  expect(await storedFiles(user)).toHaveLength(4);
});

test("FAILED: a source that dies mid-extract and stays away says so, and leaves no file behind", async () => {
  const { peers } = staging();
  const user = staging().user();
  peers.amidChunk = ({ range }) => {
    if (range !== "2") return;
    peers.snapshots.clear();
    peers.beforePlan = () => {
      throw unreachable();
    };
    throw unreachable();
  };
  const job = await stage(user);
  expect(job).toMatchObject({
    state: JobState.FAILED,
    errorMessage: "db.example.org:5432 refuses the connection",
    progress: { chunkCount: 0, rowCount: 0n },
  });
  expect(job.endTime).toBeDefined();
  expect((await user.jobs.listChunks({ jobId: job.jobId })).chunks).toEqual([]);
  await eventually(() => storedFiles(user)).toEqual([]);
});

test("FAILED: a source that loses one snapshot after the other is given up", async () => {
  const { peers } = staging();
  peers.amidChunk = () => peers.snapshots.clear();
  const job = await stage(staging().user());
  expect(job).toMatchObject({
    state: JobState.FAILED,
    errorMessage: "the source lost 20 snapshots before its tables were read",
  });
});

const changed = "table public.orders is no longer as the catalog has it: discover the source again";
test.each([
  [
    "a table that has changed since its discovery",
    ErrorReason.SOURCE_CHANGED,
    Code.FailedPrecondition,
    changed,
  ],
  [
    "a secret that is gone",
    ErrorReason.SECRET_NOT_FOUND,
    Code.FailedPrecondition,
    "there is no secret named pg",
  ],
  ["damaged data", ErrorReason.SOURCE_DATA_INVALID, Code.FailedPrecondition, "row 7 has too many values"],
  [
    "a full disk of the extraction",
    ErrorReason.DISK_FULL,
    Code.ResourceExhausted,
    "no space is left on the server's disk",
  ],
  [
    "a chunk that takes too much",
    ErrorReason.EXECUTION_LIMIT,
    Code.ResourceExhausted,
    "a row takes 40000000 bytes as text",
  ],
  ["what crashes the engine", ErrorReason.QUARANTINED, Code.FailedPrecondition, "crashed the engine twice"],
])("FAILED: %s ends the job at once, with the source's own words", async (_title, reason, code, message) => {
  staging().peers.beforePlan = () => {
    throw failure(code, reason, message);
  };
  const user = staging().user();
  expect(await stage(user)).toMatchObject({ state: JobState.FAILED, errorMessage: message });
  expect(plans()).toBe(1);
});

test("FAILED: an error that was not meant for callers stays inside", async () => {
  staging().peers.beforePlan = () => {
    throw new Error("/var/lib/secret/path");
  };
  const job = await stage(staging().user());
  expect(job).toMatchObject({
    state: JobState.FAILED,
    errorMessage: "internal error: the service's log has its cause",
  });
});

test("FAILED: a chunk that is cut short becomes no file, however often", async () => {
  const user = staging().user();
  staging().peers.truncated.add("1");
  const job = await stage(user);
  expect(job).toMatchObject({ state: JobState.FAILED, errorMessage: "chunk 1 ended before its end" });
  await eventually(() => storedFiles(user)).toEqual([]);
});

test("OK: a chunk that was cut short once is extracted again", async () => {
  const { peers } = staging();
  const user = staging().user();
  peers.truncated.add("1");
  let times = 0;
  peers.beforeChunk = ({ range }) => {
    times += range === "1" ? 1 : 0;
    if (times === 2) peers.truncated.clear();
  };
  expect(await stage(user)).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: 3000n } });
  await eventually(() => storedFiles(user).then(({ length }) => length)).toBe(4);
});

test("FAILED: whoever asked for the job has lost the permission, or is gone", async () => {
  staging().peers.roles = ["viewer"];
  expect(await stage(staging().user())).toMatchObject({
    state: JobState.FAILED,
    errorMessage: "the user that asked for the job has lost the permission staging.write",
  });
  staging().peers.roles = undefined;
  expect(await stage(staging().user())).toMatchObject({
    state: JobState.FAILED,
    errorMessage: "the user that asked for the job is gone",
  });
});

test("FAILED: whoever asked for the job loses the permission, or goes, while a chunk is read", async () => {
  const { peers } = staging();
  const cases = [
    {
      roles: ["viewer"],
      errorMessage: "the user that asked for the job has lost the permission staging.write",
    },
    { roles: undefined, errorMessage: "the user that asked for the job is gone" },
  ];
  for (const { roles, errorMessage } of cases) {
    const hold = Promise.withResolvers<void>();
    const reading = Promise.withResolvers<void>();
    peers.beforeChunk = () => {
      reading.resolve();
      return hold.promise;
    };
    const staged = stage(staging().user());
    await reading.promise;
    peers.roles = roles;
    expect(await staged).toMatchObject({ state: JobState.FAILED, errorMessage });
    hold.resolve();
    peers.roles = ["editor"];
  }
});

test("OK: lineage that could not be recorded is recorded later", async () => {
  const { peers } = staging();
  peers.lineage.length = 0;
  peers.recordLineage = once(() => {
    throw unreachable();
  });
  const { jobId } = await stage(staging().user());
  await eventually(() => peers.lineage.map(({ job }) => job?.entityId)).toEqual([jobId]);
});

test("FAILED: lineage that is refused is given up, and the job has succeeded", async () => {
  staging().peers.recordLineage = () => {
    throw invalidField("columns[0].input_column", "must be something else");
  };
  const user = staging().user();
  const { jobId, state } = await stage(user);
  expect(state).toBe(JobState.SUCCEEDED);
  const errand = () =>
    staging().database.sql`select state::text from staging_jobs.job
      where name = 'lineage' and singleton_key = ${jobId}`;
  await eventually(async () => (await errand())[0]?.state).toBe("completed");
});

test("OK: a table with a column whose name is too long for the graph has its lineage without it", async () => {
  const { peers } = staging();
  const user = staging().user();
  const { jobId } = await createJob(user, peers.addSource(user.who, { columns: ["long".repeat(100), "id"] }));
  const recorded = () => peers.lineage.find(({ job }) => job?.entityId === jobId);
  await eventually(() => recorded()?.columns?.map(({ inputColumn }) => inputColumn)).toEqual(["id"]);
});

test("OK: lineage leads from a column as the catalog calls it to that of the file", async () => {
  const { peers } = staging();
  const user = staging().user();
  const { jobId } = await createJob(user, peers.addSource(user.who, { columns: ["id", "ID"] }));
  const recorded = () => peers.lineage.find(({ job }) => job?.entityId === jobId)?.columns;
  await eventually(() =>
    recorded()?.map(({ inputColumn, outputColumn }) => [inputColumn, outputColumn]),
  ).toEqual([
    ["id", "id"],
    ["ID", "ID_1"],
  ]);
});

test("OK: a job that has expired keeps its row and loses its chunks", async () => {
  const user = staging().user();
  const { jobId } = await stage(user);
  await staging().database
    .sql`update staging.jobs set expire_time = now() - interval '1 second' where job_id = ${jobId}`;
  await using _again = await startService(run, staging().config);
  await eventually(() => storedFiles(user)).toEqual([]);
  expect((await user.jobs.getJob({ jobId })).job).toMatchObject({ state: JobState.SUCCEEDED });
  expect((await user.jobs.listChunks({ jobId })).chunks).toEqual([]);
  await expect(user.jobs.getManifest({ jobId })).rejects.toMatchObject({
    code: Code.FailedPrecondition,
    rawMessage: `the chunks and the manifest of job ${jobId} have expired`,
  });
});
