import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { toNamespace } from "../message.ts";
import * as repository from "../namespaces/namespace-repository.ts";

export const listNamespaces =
  ({ db }: IdentityDeps): MethodImpl<typeof NamespaceService.method.listNamespaces> =>
  async (request, context) => {
    const { rows, ...page } = await repository.listNamespaces(db, scopeOf(context), request);
    return { namespaces: rows.map(toNamespace), ...page };
  };
