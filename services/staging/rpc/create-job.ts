import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import { CreateJobResponseSchema, StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { hasNamespace } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import type { StagingDeps } from "../deps.ts";
import { sourceUnknown } from "../errors.ts";
import { insertJob } from "../job-repository.ts";
import { fromFormat, fromSelections, toJob } from "../message.ts";
import { enqueueRun } from "../queues.ts";
import { onceRequested } from "../requests.ts";
import { resolveTargets } from "../resolve-targets.ts";

const chunkRowsDefault = 1_000_000n;

export const createJob =
  (deps: StagingDeps): MethodImpl<typeof StagingService.method.createJob> =>
  async (request, context) => {
    const { db, jobs } = deps;
    const job = required(request.job, "job");
    const scope = scopeOf(context);
    // Inside `once`: a repeated request gets its first response, even if the catalog has changed.
    const call = { method: StagingService.method.createJob, request };
    const response = await onceRequested(db, scope, call, async (tx) => {
      const { targets, namespace } = await resolveTargets(deps, job);
      const row = await insertJob(tx, scope, {
        jobId: newId(),
        sourceId: job.sourceId,
        namespace,
        tables: job.tables,
        selections: fromSelections(job.selections),
        targets,
        format: fromFormat(job.format),
        chunkRows: job.chunkRows || chunkRowsDefault,
      });
      await enqueueRun(jobs, tx, row);
      return create(CreateJobResponseSchema, { job: toJob(row) });
    });
    // The first response may be of a namespace in which this caller has no role, or none any more.
    if (!hasNamespace(scope, response.job?.namespace ?? "")) throw sourceUnknown(job.sourceId);
    return response;
  };
