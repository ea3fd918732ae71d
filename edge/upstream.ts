import { connect } from "node:net";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { createGrpcTransport, type GrpcTransport } from "../services/lib/grpc-transport.ts";
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
export function createUpstream(peer: string, address: string): Upstream {
  const transport = createGrpcTransport({ peer, address, interceptors: [observeClient("edge", peer)] });
  const socketPath = /^unix:(?:\/\/)?(.*)$/.exec(address)?.[1];
  const sessions = new Http2SessionManager(
    socketPath ? "http://localhost" : `http://${address.replace(/^(dns|ipv4|ipv6):(\/\/\/?)?/, "")}`,
    { pingIntervalMs: 20_000, pingTimeoutMs: 5_000 },
    {
      settings: { initialWindowSize: streamWindowBytes },
      ...(socketPath && { createConnection: () => connect(socketPath) }),
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
