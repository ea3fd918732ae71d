import { StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/staging/v1/namespaces_pb.ts";
import { PackageService } from "../../gen/sluice/staging/v1/packages_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { StagingDeps } from "./deps.ts";
import { cancelJob } from "./rpc/cancel-job.ts";
import { createJob } from "./rpc/create-job.ts";
import { deleteJob } from "./rpc/delete-job.ts";
import { dropJob } from "./rpc/drop-job.ts";
import { getChunk } from "./rpc/get-chunk.ts";
import { getJob } from "./rpc/get-job.ts";
import { getManifest } from "./rpc/get-manifest.ts";
import { keepJob } from "./rpc/keep-job.ts";
import { listChunks } from "./rpc/list-chunks.ts";
import { listJobs } from "./rpc/list-jobs.ts";
import { pauseJob } from "./rpc/pause-job.ts";
import { resumeJob } from "./rpc/resume-job.ts";
import { setNamespaceState } from "./rpc/set-namespace-state.ts";
import { watchJob } from "./rpc/watch-job.ts";

/** Services of the staging process, with authorisation and validation. */
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
    guard(NamespaceContentService, { setNamespaceState: setNamespaceState(deps) }),
    guard(PackageService, { keepJob: keepJob(deps), dropJob: dropJob(deps) }),
  ];
}
