import { create } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import { CatalogService, DiscoverRequestSchema } from "../../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { withinCall } from "../../../lib/rpc/call.ts";
import { callerKey, type GuardedService } from "../../../lib/rpc/guard.ts";
import type { Principal } from "../../../lib/rpc/principal.ts";
import { newId } from "../../../lib/values/ids.ts";

/** The same time as a call has: the wait for a permit, and 5 minutes. */
const timeoutMs = 320_000;

/** Discovers a source as if the principal called. Fails as the contract says of Discover. */
export type DiscoverAs = (principal: Principal, sourceId: string, stop: AbortSignal) => Promise<void>;

/** The guarded method is called, so that rights are checked as those of every caller. */
export function createDiscoverAs(services: readonly GuardedService[]): DiscoverAs {
  const method = CatalogService.method.discover;
  const spec = services.find(({ service }) => service === CatalogService)?.methods[method.localName];
  if (spec?.kind !== "unary") throw new Error("the catalog has no unary method Discover");
  return async (principal, sourceId, stop) => {
    const context = createHandlerContext({
      service: CatalogService,
      method,
      protocolName: "schedule",
      requestMethod: "POST",
      url: `/${CatalogService.typeName}/${method.name}`,
      requestSignal: stop,
      timeoutMs,
      contextValues: createContextValues().set(callerKey, { process: "orchestration", principal }),
    });
    const call = {
      principal,
      requestId: newId(),
      traceparent: undefined,
      tracestate: undefined,
      signal: context.signal,
      deadlineMs: Date.now() + timeoutMs,
    };
    try {
      await withinCall(call, async () => spec.impl(create(DiscoverRequestSchema, { sourceId }), context));
    } finally {
      context.abort();
    }
  };
}
