import { Metadata } from "@grpc/grpc-js";
import { assertionHeader, type Signer } from "../services/lib/principal.ts";
import type { Exchange } from "./exchange.ts";
import { passRequest } from "./rpc/passed-metadata.ts";

/** All that an upstream learns of a request beside its message: nothing that a caller sent passes by itself. */
export async function callMetadata(
  { request, principal, requestId, traceparent, clientAddress }: Exchange,
  { signer, passedHeaders }: { signer: Signer; passedHeaders: readonly string[] },
): Promise<Metadata> {
  const metadata = new Metadata();
  passRequest(request, passedHeaders, metadata);
  metadata.set(assertionHeader, await signer.assertionFor(principal));
  metadata.set("x-request-id", requestId);
  metadata.set("x-sluice-client-address", clientAddress);
  if (traceparent) metadata.set("traceparent", traceparent);
  if (principal) {
    metadata.set("x-org-id", principal.orgId);
    metadata.set("x-user-id", principal.userId);
  }
  return metadata;
}
