import type { OutgoingHttpHeaders } from "node:http2";
import { clientAddressHeader } from "../../services/lib/rpc/call.ts";
import { assertionHeader, type Signer } from "../../services/lib/rpc/principal.ts";
import { traceEntries } from "../../services/lib/telemetry/observe-client.ts";
import { isTracing } from "../../services/lib/telemetry/tracing.ts";
import type { Exchange } from "../http/exchange.ts";
import { passRequest } from "./passed-metadata.ts";

/** Metadata of an upstream call. No header of the caller is forwarded unless `passedHeaders` names it. */
export async function callMetadata(
  exchange: Exchange,
  { signer, passedHeaders }: { signer: Signer; passedHeaders: readonly string[] },
): Promise<OutgoingHttpHeaders> {
  const { request, principal, requestId, clientAddress } = exchange;
  const metadata: OutgoingHttpHeaders = {};
  passRequest(request, passedHeaders, metadata);
  metadata[assertionHeader] = await signer.assertionFor(principal);
  metadata["x-request-id"] = requestId;
  metadata[clientAddressHeader] = clientAddress;
  // If the edge records nothing, the upstream continues the caller's trace. Otherwise each attempt sends its own span.
  if (!isTracing()) for (const [name, value] of traceEntries(exchange)) metadata[name] = value;
  if (principal) {
    metadata["x-org-id"] = principal.orgId;
    metadata["x-user-id"] = principal.userId;
  }
  return metadata;
}
