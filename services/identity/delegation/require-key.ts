import type { HandlerContext } from "@connectrpc/connect";
import type { Db } from "../../lib/database/database.ts";
import { permissionMissing, scopeOf } from "../../lib/rpc/guard.ts";
import { delegatePermission } from "../../lib/rpc/permissions.ts";
import { platformAdminRole } from "../grants/roles.ts";
import { type DelegatingKey, findDelegatingKey } from "./delegation-repository.ts";
import { rightsOfUser } from "./user-rights.ts";

/** A key that may speak for others, as long as its user is a platform administrator. PermissionDenied for others. */
export async function requireDelegatingKey(db: Db, apiKeyId: string): Promise<DelegatingKey> {
  const key = apiKeyId === "" ? undefined : await findDelegatingKey(db, apiKeyId);
  const rights = key && (await rightsOfUser(db, key));
  if (!key || !rights?.roles.includes(platformAdminRole)) throw permissionMissing(delegatePermission);
  return key;
}

/** The key of the call, which may speak for others. */
export const delegatingKeyOf = (db: Db, context: HandlerContext): Promise<DelegatingKey> =>
  requireDelegatingKey(db, scopeOf(context).principal.apiKeyId ?? "");
