import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";
import { fromJobState } from "../state.ts";

export const listJobs =
  ({ db }: StagingDeps): MethodImpl<typeof StagingService.method.listJobs> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const { rows, ...page } = await repository.listJobs(db, scope, request, {
      state: fromJobState(request.state),
      sourceId: request.sourceId || undefined,
    });
    return { jobs: rows.map(toJob), ...page };
  };
