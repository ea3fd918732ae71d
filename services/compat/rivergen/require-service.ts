import type { HandlerContext } from "@connectrpc/connect";
import { permissionMissing, scopeOf } from "../../lib/rpc/guard.ts";
import { allowsEverywhere, delegatePermission } from "../../lib/rpc/permissions.ts";

/**
 * Endpoints below `/internal` are for services of the platform: those whose key may speak for others, whether they do in
 * this call or not. What they may do is what the user of the call may.
 */
export function requireService(context: HandlerContext): void {
  const { principal } = scopeOf(context);
  if (!principal.delegate && !allowsEverywhere(principal, delegatePermission)) {
    throw permissionMissing(delegatePermission);
  }
}
