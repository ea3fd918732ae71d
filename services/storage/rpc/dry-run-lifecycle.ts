import type { MethodImpl } from "@connectrpc/connect";
import type { LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { dryRun } from "../lifecycle/dry-run.ts";
import { toOutcome } from "../lifecycle/rule-message.ts";

export const dryRunLifecycle =
  ({ db, policies }: StorageDeps): MethodImpl<typeof LifecycleService.method.dryRunLifecycle> =>
  async (request, context) => {
    const scope = scopeOf(context);
    if (request.namespace !== "") await requireNamespace(policies, scope, request.namespace);
    const { matches, nextPageToken } = await dryRun(db, narrow(scope, request.namespace), request);
    return { outcomes: matches.map(toOutcome), nextPageToken };
  };
