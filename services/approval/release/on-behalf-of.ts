import { Code, ConnectError } from "@connectrpc/connect";
import { withinCall } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import { newId } from "../../lib/values/ids.ts";
import type { ApprovalDeps } from "../deps.ts";

/** The user, or API key, whose call started background work. */
export type Asker = Omit<Principal, "roles">;

export const askerOf = ({ principal: { roles: _, ...asker } }: Scope): Asker => asker;

/** Scope of the asker without roles, for work that needs no permission. */
export const scopeFor = (asker: Asker): Scope => ({
  orgId: asker.orgId,
  principal: { ...asker, roles: [] },
});

const rolesTimeoutMs = 10_000;

/** Current roles of the asker; empty if the user or the API key is gone. */
export async function rolesNow(
  { policies }: Pick<ApprovalDeps, "policies">,
  asker: Asker,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const { roles } = await policies.getPrincipal(asker, { signal, timeoutMs: rolesTimeoutMs });
    return roles;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) return [];
    throw error;
  }
}

/** Runs `work` within a call of the asker. Calls to other services end with `signal`. */
export const onBehalfOf = <T>(
  asker: Asker,
  roles: readonly string[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> =>
  withinCall(
    {
      principal: { ...asker, roles },
      requestId: newId(),
      traceparent: undefined,
      tracestate: undefined,
      signal,
      deadlineMs: undefined,
    },
    work,
  );
