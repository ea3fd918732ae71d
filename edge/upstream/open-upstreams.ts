import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { BatchService } from "../../gen/sluice/edge/v1/batch_pb.ts";
import type { MeshTls } from "../../services/lib/mesh/mesh-tls.ts";
import { serviceNameOf } from "../../services/lib/values/service-name.ts";
import { dialOver } from "./address.ts";
import type { UpstreamLimits } from "./limits.ts";
import { createUpstream, type Upstream } from "./upstream.ts";

/** All that stands behind the edge. */
export type Upstreams = Disposable & {
  readonly byName: ReadonlyMap<string, Upstream>;
  /** Throws if nothing is called so. */
  called(name: string): Upstream;
  /** Who serves a method. */
  of(method: DescMethod): Upstream;
};

/** Which upstreams there are, and who serves what. */
export type UpstreamOptions = {
  readonly services: readonly DescService[];
  /** gRPC addresses by name. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** Whose a service is, by its name in `upstreams`; the package says it by default. */
  readonly upstreamOf?: (service: DescService) => string;
  readonly upstreamLimits?: Partial<UpstreamLimits>;
  /** Without it, upstreams over TCP are called in cleartext. */
  readonly meshTls?: MeshTls | undefined;
};

/** Opens what stands behind the edge; throws if a service has no address. */
export function openUpstreams(options: UpstreamOptions): Upstreams {
  const { upstreamOf = serviceNameOf, upstreamLimits: limits = {}, meshTls } = options;
  using cleanup = new DisposableStack();
  const byName = new Map(
    Object.entries(options.upstreams).map(([name, address]) => [
      name,
      cleanup.use(createUpstream(name, address, { limits, dial: dialOver(meshTls, name) })),
    ]),
  );
  const called = (name: string): Upstream => {
    const upstream = byName.get(name);
    if (!upstream) throw new Error(`${name} has no address`);
    return upstream;
  };
  // The edge answers batches itself.
  const served = options.services.filter(({ typeName }) => typeName !== BatchService.typeName);
  const byService = new Map(served.map((service) => [service.typeName, called(upstreamOf(service))]));
  const owned = cleanup.move();
  return {
    byName,
    called,
    of: ({ parent }) => byService.get(parent.typeName) ?? called(upstreamOf(parent)),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
