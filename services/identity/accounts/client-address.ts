import type { HandlerContext } from "@connectrpc/connect";

/** The edge sets it, and drops it from incoming requests. */
const clientAddressHeader = "x-sluice-client-address";

/** Address of the client that called the edge; null if another process calls. */
export const clientAddressOf = ({ requestHeader }: HandlerContext): string | null =>
  requestHeader.get(clientAddressHeader);
