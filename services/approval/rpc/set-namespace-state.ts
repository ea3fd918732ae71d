import type { MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { NamespaceContentService } from "../../../gen/sluice/approval/v1/namespaces_pb.ts";
import { NamespaceContentState as State } from "../../../gen/sluice/common/v1/namespaces_pb.ts";
import { everywhere } from "../../lib/database/scope.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import * as repository from "../namespace-repository.ts";

/** Id of no user: a deletion goes on when the call that asked for it has ended. */
const nilUserId = "00000000-0000-0000-0000-000000000000";

export const setNamespaceState =
  ({ db }: ApprovalDeps): MethodImpl<typeof NamespaceContentService.method.setNamespaceState> =>
  async ({ orgId, namespace, state }) => {
    const key = { orgId, namespace };
    const isCleared = state === State.CLEARED;
    await db.transaction(async (tx) => {
      if (state === State.OPEN) await repository.open(tx, key);
      else await repository.close(tx, key, isCleared);
      const deleted = isCleared ? await repository.deleteSomeProjects(tx, key) : [];
      const scope = { ...everywhere(key), principal: { orgId, userId: nilUserId, roles: [] } };
      for (const { projectId, displayName, state: from } of deleted) {
        const details = { displayName, state: from, namespace };
        await appendEvent(tx, scope, { projectId, type: EventType.DELETED, details });
      }
    });
    const count = await repository.countProjects(db, key);
    return { counts: count > 0 ? { projects: BigInt(count) } : {} };
  };
