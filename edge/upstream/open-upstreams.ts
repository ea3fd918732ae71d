import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { BatchService } from "../../gen/sluice/edge/v1/batch_pb.ts";
import type { MeshTls } from "../../services/lib/mesh/mesh-tls.ts";
import { serviceNameOf } from "../../services/lib/values/service-name.ts";
import { dialOver } from "./connections/address.ts";
import type { UpstreamLimits } from "./connections/limits.ts";
import { createUpstream, type Upstream } from "./upstream.ts";

/** The services that the edge calls. */
export type Upstreams = Disposable & {
  readonly byName: ReadonlyMap<string, Upstream>;
  /** Throws for an unknown name. */
  named(name: string): Upstream;
  /** The upstream that serves a method. */
  of(method: DescMethod): Upstream;
};

export type UpstreamOptions = {
  readonly services: readonly DescService[];
  /** gRPC addresses by name. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** The upstream of a service, by its name in `upstreams`; by default derived from the package. */
  readonly upstreamOf?: (service: DescService) => string;
  readonly upstreamLimits?: Partial<UpstreamLimits>;
  /** Without it, TCP connections are cleartext. */
  readonly meshTls?: MeshTls | undefined;
};

/** Throws if a service has no address. Connections are opened on use. */
export function openUpstreams(options: UpstreamOptions): Upstreams {
  const { upstreamOf = serviceNameOf, upstreamLimits: limits = {}, meshTls } = options;
  using cleanup = new DisposableStack();
  const byName = new Map(
    Object.entries(options.upstreams).map(([name, address]) => [
      name,
      cleanup.use(createUpstream(name, address, { limits, dial: dialOver(meshTls, name) })),
    ]),
  );
  const named = (name: string): Upstream => {
    const upstream = byName.get(name);
    if (!upstream) throw new Error(`${name} has no address`);
    return upstream;
  };
  // The edge handles batches itself.
  const served = options.services.filter(({ typeName }) => typeName !== BatchService.typeName);
  const byService = new Map(served.map((service) => [service.typeName, named(upstreamOf(service))]));
  const owned = cleanup.move();
  return {
    byName,
    named,
    of: ({ parent }) => byService.get(parent.typeName) ?? named(upstreamOf(parent)),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
