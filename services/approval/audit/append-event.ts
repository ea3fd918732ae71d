import type { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { canonicalJson } from "../../lib/audit/event-hash.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { eventChains, insertEvent } from "../event-repository.ts";
import { hashOf, typeName } from "./event-hash.ts";

/**
 * Appends an event to the organisation's chain, in the transaction of the change that it records. Call it last: it
 * locks the end of the chain until the transaction ends.
 */
export async function appendEvent(
  tx: Db,
  scope: Scope,
  { projectId, type, details }: { projectId: string; type: EventType; details: Record<string, unknown> },
): Promise<void> {
  const { userId, delegate } = scope.principal;
  const head = await eventChains.lock(tx, scope);
  const event = {
    orgId: scope.orgId,
    sequence: head.sequence + 1n,
    projectId,
    type: typeName(type),
    actorUserId: userId,
    createTime: new Date(),
    detailsJson: canonicalJson({ ...details, ...(delegate && { delegate }) }),
    previousHash: head.headHash,
  };
  const hash = hashOf(event);
  // Sent together, so that the chain is locked for one round trip less.
  await Promise.all([
    insertEvent(tx, scope, { ...event, hash }),
    eventChains.advance(tx, scope, { sequence: event.sequence, headHash: hash }),
  ]);
}
