import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { IdentityDeps } from "../deps.ts";
import { writePreferences } from "../preferences.ts";

export const deletePreferences =
  ({ db }: IdentityDeps): MethodImpl<typeof NamespaceService.method.deletePreferences> =>
  async ({ namespace }, context) => {
    await writePreferences(db, scopeOf(context), namespace, {});
    return {};
  };
