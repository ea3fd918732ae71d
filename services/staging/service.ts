import { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { PackageService } from "../../gen/sluice/staging/v1/packages_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { StagingDeps } from "./deps.ts";
import { createJob } from "./rpc/create-job.ts";
import { deleteJob } from "./rpc/delete-job.ts";
import { dropJob, keepJob } from "./rpc/keep-job.ts";
import { cancelJob, pauseJob, resumeJob } from "./rpc/move-job.ts";
import { getChunk, getManifest, listChunks } from "./rpc/read-chunks.ts";
import { getJob, listJobs, watchJob } from "./rpc/read-jobs.ts";

/** Every service of staging, guarded. */
export function stagingServices(deps: StagingDeps): GuardedService[] {
  return [
    guard(StagingService, {
      createJob: createJob(deps),
      getJob: getJob(deps),
      listJobs: listJobs(deps),
      watchJob: watchJob(deps),
      cancelJob: cancelJob(deps),
      pauseJob: pauseJob(deps),
      resumeJob: resumeJob(deps),
      deleteJob: deleteJob(deps),
      listChunks: listChunks(deps),
      getChunk: getChunk(deps),
      getManifest: getManifest(deps),
    }),
    guard(PackageService, { keepJob: keepJob(deps), dropJob: dropJob(deps) }),
  ];
}
