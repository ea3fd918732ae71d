import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { readPreferences } from "../preferences.ts";

export const getPreferences =
  ({ db }: IdentityDeps): MethodImpl<typeof NamespaceService.method.getPreferences> =>
  async ({ namespace, resolved }, context) => ({
    preferences: { ...(await readPreferences(db, scopeOf(context), namespace, resolved)) },
  });
