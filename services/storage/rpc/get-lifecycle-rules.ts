import type { MethodImpl } from "@connectrpc/connect";
import type { LifecycleService } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fromRule } from "../lifecycle/rule-message.ts";
import { findRules } from "../lifecycle/rule-repository.ts";

export const getLifecycleRules =
  ({ db, policies }: StorageDeps): MethodImpl<typeof LifecycleService.method.getLifecycleRules> =>
  async ({ namespace }, context) => {
    const scope = scopeOf(context);
    if (namespace !== "") await requireNamespace(policies, scope, namespace);
    const { rules, revision } = await findRules(db, scope, namespace);
    return { rules: rules.map(fromRule), etag: String(revision) };
  };
