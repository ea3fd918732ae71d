import { toJsonString } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RowSecurity } from "../../gen/sluice/common/v1/row_security_pb.ts";
import { LineageKind } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { JobState, ManifestSchema } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { datasetIdOf } from "../../services/lib/values/ids.ts";
import { forFile } from "../lib/for-file.ts";
import { bytesOf, sha256Of } from "./peers.ts";
import { createJob, ended, eventually, startStaging, storedFiles } from "./staging.ts";

const staging = forFile(startStaging);

test("OK: a job's chunks and manifest say what the source had, and the lineage where it came from", async () => {
  const { peers } = staging();
  const user = staging().user();
  const source = peers.addSource(user.who, { name: "orders" }, { name: "empty", rowCount: 0 });
  const created = await createJob(user, source);
  expect(created).toMatchObject({ state: JobState.QUEUED, creatorUserId: user.who.userId, chunkRows: 1000n });

  const job = await ended(user, created.jobId);

  const [orders, empty] = source.tables;
  if (!orders || !empty) throw new Error("no tables");
  const contents = [
    ...["0", "1", "2"].map((range) => bytesOf("first", orders, range)),
    bytesOf("first", empty, "0"),
  ];
  const sizeBytes = BigInt(contents.reduce((sum, { length }) => sum + length, 0));
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, errorMessage: "" });
  expect(job.progress).toMatchObject({
    rowCount: 3000n,
    rowCountExpected: 3000n,
    sizeBytes,
    chunkCount: 4,
    chunkCountPlanned: 4,
  });
  const { chunks } = await user.jobs.listChunks({ jobId: job.jobId });
  expect(chunks.map(({ index, tableName, sha256 }) => ({ index, tableName, sha256 }))).toEqual(
    contents.map((bytes, index) => ({
      index,
      tableName: index < 3 ? "orders" : "empty",
      sha256: sha256Of(bytes),
    })),
  );
  const { manifest, sha256, url } = await user.jobs.getManifest({ jobId: job.jobId });
  if (!manifest) throw new Error("no manifest");
  expect(url).toMatch(/^\//);
  expect(sha256).toBe(job.manifestSha256);
  expect(sha256Of(Buffer.from(toJsonString(ManifestSchema, manifest)))).toBe(sha256);
  expect(manifest).toMatchObject({
    jobId: job.jobId,
    sourceId: source.sourceId,
    snapshot: "first",
    rowCount: 3000n,
    sizeBytes,
  });
  expect(manifest.sha256).toBe(
    sha256Of(Buffer.from(contents.map((bytes) => `${sha256Of(bytes)}\n`).join(""))),
  );
  expect(
    manifest.tables.map(({ name, tableId, rowCount, files }) => [name, tableId, rowCount, files.length]),
  ).toEqual([
    ["orders", orders.tableId, 3000n, 3],
    ["empty", empty.tableId, 0n, 1],
  ]);
  expect(await storedFiles(user)).toEqual([
    "empty-00003.parquet",
    "manifest.json",
    "orders-00000.parquet",
    "orders-00001.parquet",
    "orders-00002.parquet",
  ]);
  await eventually(() => peers.lineage.length).toBe(1);
  const output = datasetIdOf(job.jobId, "public", "orders");
  expect(peers.lineage[0]).toMatchObject({
    job: { entityId: job.jobId, kind: LineageKind.JOB },
    inputs: [{ entityId: orders.tableId, kind: LineageKind.TABLE, name: "public.orders" }, {}],
    outputs: [{ entityId: output, kind: LineageKind.DATASET, name: "public.orders" }, {}],
    columns: [
      { inputEntityId: orders.tableId, inputColumn: "id", outputEntityId: output, outputColumn: "id" },
      {},
    ],
  });
  expect(peers.snapshots.size).toBe(0);
});

test("OK: job and manifest say of which tables policies chose the rows", async () => {
  const user = staging().user();
  const source = staging().peers.addSource(
    user.who,
    { name: "all", schemaName: "public", rowSecurity: RowSecurity.INACTIVE },
    { name: "some", schemaName: "public", rowSecurity: RowSecurity.ACTIVE },
    { name: "seen", schemaName: "public", rowSecurity: RowSecurity.UNKNOWN },
  );
  const job = await ended(user, (await createJob(user, source)).jobId);
  expect(job.rowSecurityTables).toEqual(["public.some"]);
  const { manifest } = await user.jobs.getManifest({ jobId: job.jobId });
  expect(manifest?.tables.map(({ name, rowSecurity }) => [name, rowSecurity])).toEqual([
    ["all", RowSecurity.INACTIVE],
    ["some", RowSecurity.ACTIVE],
    ["seen", RowSecurity.UNKNOWN],
  ]);
});
