import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { namespaceNotFound } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { toNamespace } from "../message.ts";
import { findNamespace } from "../namespaces/namespace-repository.ts";

export const getNamespace =
  ({ db }: IdentityDeps): MethodImpl<typeof NamespaceService.method.getNamespace> =>
  async ({ name }, context) => {
    const row = await findNamespace(db, scopeOf(context), name);
    if (!row) throw namespaceNotFound(name);
    return { namespace: toNamespace(row) };
  };
