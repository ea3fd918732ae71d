import { Metadata } from "@grpc/grpc-js";
import { assertionHeader, type Signer } from "../services/lib/principal.ts";
import { traceEntries } from "../services/lib/telemetry/observe-client.ts";
import { currentTrace, isTracing } from "../services/lib/telemetry/tracing.ts";
import type { Exchange } from "./exchange.ts";
import { passRequest } from "./rpc/passed-metadata.ts";

/** All that an upstream learns of a request beside its message: nothing that a caller sent passes by itself. */
export async function callMetadata(
  exchange: Exchange,
  { signer, passedHeaders }: { signer: Signer; passedHeaders: readonly string[] },
): Promise<Metadata> {
  const { request, principal, requestId, clientAddress } = exchange;
  const metadata = new Metadata();
  passRequest(request, passedHeaders, metadata);
  metadata.set(assertionHeader, await signer.assertionFor(principal));
  metadata.set("x-request-id", requestId);
  metadata.set("x-sluice-client-address", clientAddress);
  // Where nothing is traced here, those behind may still continue the caller's trace.
  const trace = isTracing() ? currentTrace() : exchange;
  for (const [name, value] of traceEntries(trace)) metadata.set(name, value);
  if (principal) {
    metadata.set("x-org-id", principal.orgId);
    metadata.set("x-user-id", principal.userId);
  }
  return metadata;
}
