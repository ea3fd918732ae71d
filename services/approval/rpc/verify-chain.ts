import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { verifyEvents } from "../../lib/audit/verify-events.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { hashOf } from "../audit/event-hash.ts";
import type { ApprovalDeps } from "../deps.ts";
import { type EventRow, eventChains, listEventsAfter } from "../event-repository.ts";

export const verifyChain =
  ({ db }: ApprovalDeps): MethodImpl<typeof AuditService.method.verifyChain> =>
  (_request, context) =>
    db.transaction(
      async (tx) => {
        const scope = scopeOf(context);
        const verdict = await verifyEvents<EventRow>(
          await eventChains.find(tx, scope),
          (after, limit) => listEventsAfter(tx, scope, after, limit),
          hashOf,
        );
        return { ...verdict, valid: verdict.problem === "" };
      },
      // One snapshot of the chain, because events are appended during the verification.
      { isolationLevel: "repeatable read", accessMode: "read only" },
    );
