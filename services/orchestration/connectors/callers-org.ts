import { currentCall } from "../../lib/rpc/call.ts";

/** The organisation of the current call. */
export function callersOrg(): string {
  const orgId = currentCall()?.principal?.orgId;
  if (orgId === undefined) throw new Error("a source is used outside of a call of an organisation");
  return orgId;
}
