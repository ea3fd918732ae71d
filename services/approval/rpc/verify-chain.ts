import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { verifyEvents } from "../audit/verify-events.ts";
import type { ApprovalDeps } from "../deps.ts";
import { findChain, listEventsAfter } from "../event-repository.ts";

export const verifyChain =
  ({ db }: ApprovalDeps): MethodImpl<typeof AuditService.method.verifyChain> =>
  (_request, context) =>
    db.transaction(
      async (tx) => {
        const scope = scopeOf(context);
        const verdict = await verifyEvents(await findChain(tx, scope), (after, limit) =>
          listEventsAfter(tx, scope, after, limit),
        );
        return { ...verdict, valid: verdict.problem === "" };
      },
      // One snapshot of the chain, because events are appended during the verification.
      { isolationLevel: "repeatable read", accessMode: "read only" },
    );
