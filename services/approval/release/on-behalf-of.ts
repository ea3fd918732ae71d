import { Code, ConnectError } from "@connectrpc/connect";
import { withinCall } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import { newId } from "../../lib/values/ids.ts";
import type { ApprovalDeps } from "../deps.ts";

/** Who asked for work that goes on after the call. */
export type Asker = Omit<Principal, "roles">;

export const askerOf = ({ principal: { roles: _, ...asker } }: Scope): Asker => asker;

/** The asker's scope, for what needs no permission. */
export const scopeFor = (asker: Asker): Scope => ({
  orgId: asker.orgId,
  principal: { ...asker, roles: [] },
});

const rolesTimeoutMs = 10_000;

/** Roles that the asker has at this moment; none when the user or the API key is gone. */
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

/** Runs `work` so that its calls are made on behalf of the asker and end with `signal`. */
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
