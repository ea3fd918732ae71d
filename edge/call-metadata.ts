import type { OutgoingHttpHeaders } from "node:http2";
import { assertionHeader, type Signer } from "../services/lib/principal.ts";
import type { Exchange } from "./exchange.ts";
import { passRequest } from "./rpc/passed-metadata.ts";

/** All that an upstream learns of a request beside its message: nothing that a caller sent passes by itself. */
export async function callMetadata(
  { request, principal, requestId, traceparent, clientAddress }: Exchange,
  { signer, passedHeaders }: { signer: Signer; passedHeaders: readonly string[] },
): Promise<OutgoingHttpHeaders> {
  const metadata: OutgoingHttpHeaders = {};
  passRequest(request, passedHeaders, metadata);
  metadata[assertionHeader] = await signer.assertionFor(principal);
  metadata["x-request-id"] = requestId;
  metadata["x-sluice-client-address"] = clientAddress;
  if (traceparent) metadata.traceparent = traceparent;
  if (principal) {
    metadata["x-org-id"] = principal.orgId;
    metadata["x-user-id"] = principal.userId;
  }
  return metadata;
}
