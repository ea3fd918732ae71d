import type { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { findChainForUpdate, insertChain, insertEvent, updateChain } from "../event-repository.ts";
import { canonicalJson, hashOf, typeName, zeroHash } from "./event-hash.ts";

/**
 * Appends an event to the organisation's chain, in the transaction of the change that it records. Call it last: it
 * locks the end of the chain until the transaction ends.
 */
export async function appendEvent(
  tx: Db,
  scope: Scope,
  { projectId, type, details }: { projectId: string; type: EventType; details: Record<string, unknown> },
): Promise<void> {
  await insertChain(tx, scope, { sequence: 0n, headHash: zeroHash });
  const head = await findChainForUpdate(tx, scope);
  if (!head) throw new Error("the chain is gone");
  const event = {
    orgId: scope.orgId,
    sequence: head.sequence + 1n,
    projectId,
    type: typeName(type),
    actorUserId: scope.principal.userId,
    createTime: new Date(),
    detailsJson: canonicalJson(details),
    previousHash: head.headHash,
  };
  const hash = hashOf(event);
  await insertEvent(tx, scope, { ...event, hash });
  await updateChain(tx, scope, { sequence: event.sequence, headHash: hash });
}
