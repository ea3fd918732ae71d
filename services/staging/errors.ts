import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField, notFound } from "../lib/rpc/errors.ts";
import type { State } from "./state.ts";

export const jobNotFound = (jobId: string): ConnectError => notFound("job", jobId);

export const chunkNotFound = (jobId: string, index: number): ConnectError =>
  notFound("chunk", `${index} of job ${jobId}`);

export const sourceUnknown = (sourceId: string): ConnectError =>
  invalidField("job.source_id", `there is no source ${sourceId}`);

export const jobEnded = (jobId: string, state: State, requested: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `job ${jobId} has ${state}: it can't be ${requested}`,
    {
      job: jobId,
      state,
    },
  );

export const jobWithoutManifest = (jobId: string, state: State): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `job ${jobId} is ${state}: it has a manifest once it has succeeded`,
    { job: jobId, state },
  );

export const jobExpired = (jobId: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `the chunks and the manifest of job ${jobId} have expired`,
    { job: jobId },
  );

export const chunkTruncated = (index: number): ConnectError =>
  failure(Code.DataLoss, ErrorReason.CONTENT_MISMATCH, `chunk ${index} ended before its end`);

export const chunkDamaged = (index: number): ConnectError =>
  failure(Code.DataLoss, ErrorReason.CONTENT_MISMATCH, `chunk ${index} was not stored as it was extracted`);

export const tooManyChunks = (count: number, max: number): ConnectError =>
  invalidField("job.chunk_rows", `the plan has ${count} chunks, and a job at most ${max}: choose more rows`);

export const snapshotLost = (planCount: number): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.SNAPSHOT_GONE,
    `the source lost ${planCount} snapshots before its tables were read`,
  );

export const requesterGone = (): ConnectError =>
  failure(Code.PermissionDenied, ErrorReason.PERMISSION_MISSING, "the user that asked for the job is gone");

export const requesterWithoutPermission = (): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    "the user that asked for the job has lost the permission staging.write",
  );
