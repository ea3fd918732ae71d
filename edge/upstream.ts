import { connect } from "node:net";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { createGrpcTransport, type GrpcTransport } from "../services/lib/grpc-transport.ts";
import type { MeshTls } from "../services/lib/mesh-tls.ts";
import { observeClient } from "../services/lib/telemetry/observe-client.ts";

const streamWindowBytes = 1024 * 1024;

/** A service behind the edge. */
export type Upstream = Disposable & {
  readonly peer: string;
  /** For calls with one request and one answer. */
  readonly transport: GrpcTransport;
  /**
   * For streams. grpc-js drops messages that have come but are not read yet when a status other than OK follows them;
   * here they are read first.
   */
  readonly sessions: Http2SessionManager;
};

/** Reaches a service at a gRPC target: `host:port`, or `unix:` and a path. Connections are made when they are needed. */
export function createUpstream(peer: string, address: string, tls?: MeshTls): Upstream {
  const transport = createGrpcTransport({ peer, address, tls, interceptors: [observeClient("edge", peer)] });
  const socketPath = /^unix:(?:\/\/)?(.*)$/.exec(address)?.[1];
  const authority = socketPath ? "localhost" : address.replace(/^(dns|ipv4|ipv6):(\/\/\/?)?/, "");
  const isSecure = tls !== undefined && !socketPath;
  const sessions = new Http2SessionManager(
    `${isSecure ? "https" : "http"}://${authority}`,
    { pingIntervalMs: 20_000, pingTimeoutMs: 5_000 },
    {
      settings: { initialWindowSize: streamWindowBytes },
      ...(socketPath && { createConnection: () => connect(socketPath) }),
      ...(isSecure && { createConnection: () => tls.connect(peer, authority) }),
    },
  );
  return {
    peer,
    transport,
    sessions,
    [Symbol.dispose]() {
      transport[Symbol.dispose]();
      sessions.abort();
    },
  };
}
