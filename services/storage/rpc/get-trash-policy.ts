import type { MethodImpl } from "@connectrpc/connect";
import type { TrashPolicyService } from "../../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toTrashPolicy } from "../message.ts";
import { findTrashPolicy } from "../trash/trash-policy-repository.ts";

export const getTrashPolicy =
  ({ db, policies }: StorageDeps): MethodImpl<typeof TrashPolicyService.method.getTrashPolicy> =>
  async ({ namespace }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    return { trashPolicy: toTrashPolicy(await findTrashPolicy(db, ownerIn(scope, namespace))) };
  };
