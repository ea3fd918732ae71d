import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Logger } from "../services/lib/log.ts";
import { createSigner } from "../services/lib/principal.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { type Deadlines, usualDeadlines } from "./deadline.ts";
import { createForward } from "./forward.ts";
import { type Limits, standardLimits } from "./limits.ts";
import { createListener } from "./listener.ts";
import { upstreamOf as upstreamByPackage } from "./routes.ts";
import { type EdgeServer, startServer, type Tls } from "./server.ts";
import type { UpstreamLimits } from "./upstream/limits.ts";
import { transportTo } from "./upstream/transport.ts";
import { createUpstream, type Upstream } from "./upstream/upstream.ts";

/** Largest message of an RPC, inflated, in bytes. */
const defaultMessageBytesMax = 4 * 1024 * 1024;

/** Serves contracts on one port, each from the upstream that its package names; `identity` must be one of them. */
export async function startEdge(options: {
  host: string;
  port: number;
  services: readonly DescService[];
  /** gRPC addresses by name. */
  upstreams: Readonly<Record<string, string>>;
  /** Whose a service is, by its name in `upstreams`; the package says it by default. */
  upstreamOf?: (service: DescService) => string;
  /** Largest message of a request to an RPC, inflated, in bytes. */
  messageBytesMax?: number | undefined;
  /** Headers of requests that upstreams get to see; no other passes. In lower case. */
  passedHeaders?: readonly string[];
  deadlines?: Deadlines;
  /** Without it, the port speaks cleartext. */
  tls?: Tls | undefined;
  meshPrivateKey: string;
  log: Logger;
  limits?: Limits;
  upstreamLimits?: Partial<UpstreamLimits>;
}): Promise<EdgeServer> {
  const { host, port, services, log, tls } = options;
  const { limits = standardLimits, upstreamOf = upstreamByPackage } = options;
  await using cleanup = new AsyncDisposableStack();
  const upstreams = new Map<string, Upstream>();
  for (const [peer, address] of Object.entries(options.upstreams)) {
    upstreams.set(peer, cleanup.use(createUpstream(peer, address, { limits: options.upstreamLimits ?? {} })));
  }
  const upstreamCalled = (peer: string): Upstream => {
    const upstream = upstreams.get(peer);
    if (!upstream) throw new Error(`${peer} has no address`);
    return upstream;
  };
  const byService = new Map(
    services.map((service) => [service.typeName, upstreamCalled(upstreamOf(service))]),
  );
  const signer = createSigner("edge", options.meshPrivateKey);
  const listener = createListener({
    services,
    upstreams,
    authenticate: createAuthenticate({ identity: transportTo(upstreamCalled("identity")), signer }),
    forward: createForward({
      upstreamOf: ({ parent }: DescMethod) =>
        byService.get(parent.typeName) ?? upstreamCalled(upstreamOf(parent)),
      signer,
      passedHeaders: options.passedHeaders ?? [],
    }),
    messageBytesMax: options.messageBytesMax ?? defaultMessageBytesMax,
    deadlines: options.deadlines ?? usualDeadlines,
    limits,
    log,
  });
  const server = cleanup.use(await startServer({ host, port, listener, tls, limits }));
  const owned = cleanup.move();
  return { address: server.address, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
