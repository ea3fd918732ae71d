import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { FileFormat, JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { FileCategory } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf } from "../orchestration/orchestration.ts";
import { createJob, ended, startStaging } from "./staging.ts";

const staging = forFile(startStaging);

const unknown = "00000000-0000-7000-8000-000000000001";

test("OK: a job of tables by name, with its defaults", async () => {
  const user = staging().user();
  const { sourceId } = staging().peers.addSource(user.who, {}, { name: "other" });
  const { job } = await user.jobs.createJob({ job: { sourceId, tables: ["orders", "public.other"] } });
  expect(job).toMatchObject({
    sourceId,
    tables: ["orders", "public.other"],
    selections: [],
    format: FileFormat.PARQUET,
    chunkRows: 1_000_000n,
    state: JobState.QUEUED,
    errorMessage: "",
    manifestSha256: "",
    creatorUserId: user.who.userId,
  });
  expect(job?.progress).toMatchObject({ rowCount: 0n, chunkCount: 0, chunkCountPlanned: 0 });
  expect(job?.endTime ?? job?.expireTime).toBeUndefined();
});

test("OK: a job of chosen columns, as CSV, of tables with odd names", async () => {
  const user = staging().user();
  const name = `"it's" a\\b/c 😀.x`;
  const columns = ["id", 'na"me', "größe 😀"];
  const { sourceId } = staging().peers.addSource(user.who, { schemaName: "my.schema", name, columns });
  const { job } = await user.jobs.createJob({
    job: {
      sourceId,
      selections: [{ schemaName: "my.schema", name, columns: ["größe 😀", "id"] }],
      format: FileFormat.CSV,
      chunkRows: 1000n,
    },
  });
  const done = await ended(user, job?.jobId ?? "");
  expect(done).toMatchObject({ state: JobState.SUCCEEDED, format: FileFormat.CSV });
  const { manifest } = await user.jobs.getManifest({ jobId: done.jobId });
  expect(
    manifest?.tables.map(({ schemaName, name, columns }) => [schemaName, name, columns.map((c) => c.name)]),
  ).toEqual([["my.schema", name, ["größe 😀", "id"]]]);
  const { files } = await user.files.listFiles({
    contentType: "text/csv",
    category: FileCategory.STAGING,
  });
  expect(files.map((file) => file.name).sort()[0]).toBe(`"it's" a_b_c 😀.x-00000.csv`);
});

test("OK: the same request answers the same job, and another one is told apart", async () => {
  const user = staging().user();
  const source = staging().peers.addSource(user.who, {});
  const request = { job: { sourceId: source.sourceId, tables: ["orders"] }, requestId: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 8 }, () => user.jobs.createJob(request)));
  expect(new Set(answers.map(({ job }) => job?.jobId)).size).toBe(1);
  source.tables = [];
  expect((await user.jobs.createJob(request)).job?.jobId).toBe(answers[0]?.job?.jobId);
  expect((await user.jobs.listJobs({})).jobs).toHaveLength(1);
  const other = { ...request, job: { ...request.job, chunkRows: 2000n } };
  expect(await failureOf(user.jobs.createJob(other))).toMatchObject({
    code: Code.AlreadyExists,
    reason: "REQUEST_ID_REUSED",
  });
});

test("InvalidArgument: a table that the catalog has not, or not once", async () => {
  const user = staging().user();
  const { sourceId } = staging().peers.addSource(user.who, {}, { schemaName: "archive" }, { name: "a.b" });
  const fieldsOf = async (job: object) => {
    const { code, fields } = await failureOf(user.jobs.createJob({ job: { sourceId, ...job } }));
    return { code, fields };
  };
  const refused = (...fields: string[]) => ({ code: Code.InvalidArgument, fields });
  expect(await fieldsOf({ tables: ["a.b", "nothing"] })).toEqual(refused("job.tables[1]"));
  expect(await fieldsOf({ tables: ["orders"] })).toEqual(refused("job.tables[0]"));
  expect(await fieldsOf({ tables: ["a.b", "public.a.b"] })).toEqual(refused("job.tables[1]"));
  expect(await fieldsOf({ tables: ["archive.orders", "archive.orders"] })).toEqual(refused("job.tables"));
  const selection = { schemaName: "archive", name: "orders" };
  expect(await fieldsOf({ selections: [{ ...selection, schemaName: "" }] })).toEqual(
    refused("job.selections[0]"),
  );
  expect(await fieldsOf({ selections: [{ ...selection, columns: ["id", "no"] }] })).toEqual(
    refused("job.selections[0].columns[1]"),
  );
  expect(await fieldsOf({ tables: ["archive.orders"], selections: [selection] })).toEqual(
    refused("job.selections[0]"),
  );
  expect(await fieldsOf({})).toEqual(refused("job"));
  expect(await fieldsOf({ tables: ["orders"], chunkRows: 999n })).toEqual(refused("job.chunk_rows"));
  expect(await fieldsOf({ tables: ["orders"], format: 9 })).toEqual(refused("job.format"));
});

test("InvalidArgument: no such source, or another organisation's", async () => {
  const user = staging().user();
  const foreign = staging().peers.addSource(staging().user().who, {});
  for (const sourceId of [unknown, foreign.sourceId]) {
    expect(await failureOf(user.jobs.createJob({ job: { sourceId, tables: ["orders"] } }))).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["job.source_id"],
    });
  }
});

test("PermissionDenied: a viewer makes no job", async () => {
  const viewer = staging().user({ roles: ["viewer"] });
  const source = staging().peers.addSource(viewer.who, {});
  await expect(createJob(viewer, source)).rejects.toMatchObject({ code: Code.PermissionDenied });
});
