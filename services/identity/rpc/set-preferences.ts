import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { writePreferences } from "../preferences.ts";

export const setPreferences =
  ({ db }: IdentityDeps): MethodImpl<typeof NamespaceService.method.setPreferences> =>
  async ({ namespace, preferences }, context) => {
    await writePreferences(db, scopeOf(context), namespace, preferences);
    return { preferences };
  };
