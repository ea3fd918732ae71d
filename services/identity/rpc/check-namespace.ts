import type { MethodImpl } from "@connectrpc/connect";
import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { namespaceNotFound } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { findNamespace } from "../namespaces/namespace-repository.ts";

export const checkNamespace =
  ({ db }: IdentityDeps): MethodImpl<typeof PolicyService.method.checkNamespace> =>
  async ({ name }, context) => {
    const row = await findNamespace(db, scopeOf(context), name);
    if (row?.state !== "active") throw namespaceNotFound(name);
    return {};
  };
