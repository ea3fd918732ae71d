import { Code, ConnectError } from "@connectrpc/connect";
import { withinCall } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { type Principal, type Rights, rightsOf } from "../../lib/rpc/principal.ts";
import { newId } from "../../lib/values/ids.ts";
import type { ApprovalDeps } from "../deps.ts";

/** The user, or API key, whose call started background work. */
export type Asker = Omit<Principal, keyof Rights>;

export const askerOf = ({
  principal: { roles: _, grants: _grants, limit: _limit, ...asker },
}: Scope): Asker => asker;

/** Scope of the asker without roles, for work that needs no permission. */
export const scopeFor = (asker: Asker): Scope => ({
  orgId: asker.orgId,
  namespaces: "all",
  principal: { ...asker, roles: [] },
});

const rightsTimeoutMs = 10_000;

/** Current rights of the asker; none if the user or the API key is gone. */
export async function rightsNow(
  { policies }: Pick<ApprovalDeps, "policies">,
  asker: Asker,
  signal: AbortSignal,
): Promise<Rights> {
  const { orgId, userId, apiKeyId = "" } = asker;
  try {
    return rightsOf(
      await policies.getPrincipal({ orgId, userId, apiKeyId }, { signal, timeoutMs: rightsTimeoutMs }),
    );
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) return { roles: [] };
    throw error;
  }
}

/** Runs `work` within a call of the asker. Calls to other services end with `signal`. */
export const onBehalfOf = <T>(
  asker: Asker,
  rights: Rights,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> =>
  withinCall(
    {
      principal: { ...asker, ...rights },
      requestId: newId(),
      traceparent: undefined,
      tracestate: undefined,
      signal,
      deadlineMs: undefined,
    },
    work,
  );
