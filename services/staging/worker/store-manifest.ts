import { createHash } from "node:crypto";
import { toJsonString } from "@bufbuild/protobuf";
import { ManifestSchema } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { listStoredChunks } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { isCurrentAttempt, succeedAttempt } from "../job-repository.ts";
import { toManifest } from "../message.ts";
import { enqueueLineage, enqueueSweep } from "../queues.ts";
import { noteUpload } from "../upload-repository.ts";
import { AttemptOver } from "./attempt-over.ts";
import { manifestFile } from "./file-names.ts";
import type { PlannedJob } from "./open-plan.ts";
import { ownerOf } from "./owner.ts";

/** Days until the chunks of a job expire. */
const lifetimeDays = 7;
const messageBytes = 1024 * 1024;

/** Stores the manifest of a job whose chunks are all stored, and completes the job in the same transaction. */
export async function storeManifest({ db, blobs, jobs }: StagingDeps, job: PlannedJob): Promise<void> {
  await db.transaction(async (tx) => {
    await noteUpload(tx, job, job.jobId, job.attempt);
    if (!(await isCurrentAttempt(tx, job))) throw new AttemptOver();
  });
  const manifest = toManifest(job, await listStoredChunks(db, job, job.jobId));
  const bytes = Buffer.from(toJsonString(ManifestSchema, manifest));
  const { fileId } = await blobs.putBlob(
    messagesOf(bytes, { ownerId: ownerOf(job), namespace: job.namespace }),
  );
  const manifestSha256 = createHash("sha256").update(bytes).digest("hex");
  await db.transaction(async (tx) => {
    const row = await succeedAttempt(tx, job, { manifestFileId: fileId, manifestSha256 }, lifetimeDays);
    if (!row) throw new AttemptOver();
    await enqueueLineage(jobs, tx, row);
    // Earlier attempts can have left files in storage.
    if (row.attempt > 1) await enqueueSweep(jobs, tx, row);
  });
}

async function* messagesOf(bytes: Buffer, owner: { ownerId: string; namespace: string }) {
  yield { part: { case: "header" as const, value: { ...manifestFile, ...owner } } };
  for (let at = 0; at < bytes.length; at += messageBytes) {
    yield { part: { case: "chunk" as const, value: bytes.subarray(at, at + messageBytes) } };
  }
}
