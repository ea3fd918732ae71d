import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { createGrpcTransport, type GrpcTransport } from "../services/lib/grpc-transport.ts";
import type { Logger } from "../services/lib/log.ts";
import { createSigner } from "../services/lib/principal.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { createForward } from "./forward.ts";
import { type Limits, standardLimits } from "./limits.ts";
import { createListener } from "./listener.ts";
import { upstreamOf } from "./routes.ts";
import { type EdgeServer, startServer } from "./server.ts";

/** Serves contracts on one port, each from the upstream that its package names; `identity` must be one of them. */
export async function startEdge(options: {
  host: string;
  port: number;
  services: readonly DescService[];
  /** gRPC addresses by name. */
  upstreams: Readonly<Record<string, string>>;
  meshPrivateKey: string;
  log: Logger;
  limits?: Limits;
}): Promise<EdgeServer> {
  const { host, port, services, log, limits = standardLimits } = options;
  await using cleanup = new AsyncDisposableStack();
  const upstreams = new Map<string, GrpcTransport>();
  for (const [peer, address] of Object.entries(options.upstreams)) {
    upstreams.set(peer, cleanup.use(createGrpcTransport({ peer, address })));
  }
  const transportOf = (peer: string): GrpcTransport => {
    const transport = upstreams.get(peer);
    if (!transport) throw new Error(`${peer} has no address`);
    return transport;
  };
  for (const service of services) transportOf(upstreamOf(service));
  const signer = createSigner("edge", options.meshPrivateKey);
  const listener = createListener({
    services,
    upstreams,
    authenticate: createAuthenticate({ identity: transportOf("identity"), signer }),
    forward: createForward({
      transportOf: (method: DescMethod) => transportOf(upstreamOf(method.parent)),
      signer,
    }),
    limits,
    log,
  });
  const server = cleanup.use(await startServer({ host, port, listener, limits }));
  const owned = cleanup.move();
  return { address: server.address, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
