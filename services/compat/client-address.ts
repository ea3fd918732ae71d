import type { HandlerContext } from "@connectrpc/connect";

/** Client address, as the edge saw it. Identity limits failed logins by it. */
const header = "x-sluice-client-address";

/** Options of a call for which the address of the handler's own client counts. */
export function withClientAddress({ requestHeader }: HandlerContext): { headers: Record<string, string> } {
  const address = requestHeader.get(header);
  return { headers: address === null ? {} : { [header]: address } };
}
