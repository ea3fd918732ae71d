import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { permissionMissing, scopeOf } from "../../lib/rpc/guard.ts";
import { allowsIn } from "../../lib/rpc/permissions.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { cancelledBy, executionNotFound } from "../errors.ts";
import { findExecution, moveExecution, notifyCancelled } from "../execution-repository.ts";
import { toExecution } from "../message.ts";

/** Permission to cancel executions of other users. */
const permission = "executions.cancel";

export const cancelExecution =
  ({ db }: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.cancelExecution> =>
  async ({ executionId }, context) => {
    const scope = scopeOf(context);
    const { principal } = scope;
    const { userId } = principal;
    const found = await findExecution(db, scope, executionId);
    if (!found) throw executionNotFound(executionId);
    if (found.creatorUserId !== userId && !allowsIn(principal, permission, found.namespace)) {
      throw permissionMissing(permission);
    }
    await db.transaction(async (tx) => {
      const ending = { state: "cancelled", errorMessage: cancelledBy(userId) } as const;
      // The stored id, because the caller's can differ in case.
      if (await moveExecution(tx, scope, executionId, ending)) await notifyCancelled(tx, found.executionId);
    });
    const row = await findExecution(db, scope, executionId);
    if (!row) throw executionNotFound(executionId);
    return { execution: toExecution(row) };
  };
