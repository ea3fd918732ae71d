import type { ServiceImpl } from "@connectrpc/connect";
import { StagingService } from "../../../gen/compat/rivergen/v1/staging_pb.ts";
import { type GuardedService, guard } from "../../lib/rpc/guard.ts";
import type { RivergenDeps } from "./deps.ts";
import { stagingDisabled } from "./errors.ts";
import { createJob } from "./rpc/create-job.ts";
import { deleteJob } from "./rpc/delete-job.ts";
import { getChunk } from "./rpc/get-chunk.ts";
import { getJob } from "./rpc/get-job.ts";
import { listChunks } from "./rpc/list-chunks.ts";
import { listJobs } from "./rpc/list-jobs.ts";
import { pauseJob } from "./rpc/pause-job.ts";
import { resumeJob } from "./rpc/resume-job.ts";

/** What RiverGen has on its third port. */
export const stagingServices = (deps: RivergenDeps): GuardedService[] => [
  guard(StagingService, deps.stages ? jobsOf(deps) : disabled),
];

const jobsOf = (deps: RivergenDeps): ServiceImpl<typeof StagingService> => ({
  createJob: createJob(deps),
  listJobs: listJobs(deps),
  getJob: getJob(deps),
  deleteJob: deleteJob(deps),
  pauseJob: pauseJob(deps),
  resumeJob: resumeJob(deps),
  listChunks: listChunks(deps),
  getChunk: getChunk(deps),
});

const refuse = () => {
  throw stagingDisabled();
};

const disabled: ServiceImpl<typeof StagingService> = {
  createJob: refuse,
  listJobs: refuse,
  getJob: refuse,
  deleteJob: refuse,
  pauseJob: refuse,
  resumeJob: refuse,
  listChunks: refuse,
  getChunk: refuse,
};
