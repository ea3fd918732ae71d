import { durationMs } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { TrashPolicyService } from "../../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { toTrashPolicy } from "../message.ts";
import * as repository from "../trash/trash-policy-repository.ts";

export const setTrashPolicy =
  ({ db, policies }: StorageDeps): MethodImpl<typeof TrashPolicyService.method.setTrashPolicy> =>
  async (request, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, request.namespace);
    const owner = ownerIn(scope, request.namespace);
    const policy = required(request.trashPolicy, "trash_policy");
    const windowMs = Math.round(durationMs(required(policy.undeleteWindow, "trash_policy.undelete_window")));
    const row = await db.transaction(async (tx) => {
      const set = await repository.setTrashPolicy(tx, owner, revisionOf(policy.etag), windowMs);
      const { namespace } = owner;
      const details = { undeleteWindowMs: windowMs };
      if (set) await recordEvents(tx, scope, { kind: AuditKind.TRASH_POLICY_SET, namespace, details });
      return set;
    });
    if (!row) throw etagMismatch("trash policy", owner.namespace);
    return { trashPolicy: toTrashPolicy(row) };
  };
