import type { Http2Server, ServerOptions } from "node:http2";
import { Server, type ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { addReadinessCheck } from "../admin/readiness.ts";
import type { GuardedService } from "../rpc/guard.ts";
import type { Verifier } from "../rpc/principal.ts";
import type { Logger } from "../telemetry/log.ts";
import { serviceNameOf } from "../telemetry/service-name.ts";
import { watchHandshakes } from "../tls/handshake-log.ts";
import { keepCertificate } from "../tls/keep-certificate.ts";
import { addReflection } from "./grpc-reflection.ts";
import { addService } from "./grpc-service.ts";
import { type MeshTls, serverCredentialsFor } from "./mesh-tls.ts";

/** Largest message that is taken from a caller, in bytes. */
const receiveBytesMax = 16 * 1024 * 1024;
/** What a caller may send ahead, in bytes: of one stream, and of all streams of a connection. */
const streamWindowBytes = 4 * 1024 * 1024;
const sessionWindowBytes = 32 * 1024 * 1024;
/** How long running calls may go on after the stop, in milliseconds. */
const drainMs = 10_000;

export type GrpcServer = AsyncDisposable & {
  /** A gRPC target that reaches the server: its `host:port`, or `unix:` and a path. */
  readonly address: string;
  /** Tells health checks whether the service can do its work. */
  setServing(serving: boolean): void;
};

/**
 * Serves guarded services, gRPC health and reflection. `listen` is `host:port`, port 0 for any, or `unix:` and a path.
 * With `tls`, calls over TCP come from processes of the mesh alone.
 */
export async function startGrpcServer(options: {
  listen: string;
  services: readonly GuardedService[];
  verifier: Verifier;
  log: Logger;
  tls?: MeshTls | undefined;
}): Promise<GrpcServer> {
  const server = new Server({ "grpc.max_receive_message_length": receiveBytesMax });
  const [first] = options.services;
  const name = first ? serviceNameOf(first.service) : "none";
  const setUpServers = widenWindows(server);
  for (const service of options.services) addService(server, service, options);
  addReflection(
    server,
    options.services.map(({ service }) => service),
  );
  const names = ["", ...options.services.map(({ service }) => service.typeName)];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "SERVING"])));
  health.addToServer(server);
  let isServing = true;
  const setServing = (serving: boolean) => {
    isServing = serving;
    for (const name of names) health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
  };
  const port = await bind(server, options.listen, serverCredentialsFor(options.listen, options.tls));
  setUpServers((http2Server) => watchHandshakes(http2Server, name, options.log));
  const readiness = addReadinessCheck(name, () => isServing);
  return {
    address: options.listen.startsWith("unix:")
      ? options.listen
      : options.listen.replace(/:\d+$/, `:${port}`),
    setServing,
    async [Symbol.asyncDispose]() {
      setServing(false);
      await shutDown(server);
      readiness[Symbol.dispose]();
    },
  };
}

/**
 * With Node's usual windows of 64 KiB, an upload waits for its receiver after each of them. grpc-js has a setting for
 * its clients' windows and none for its servers', so this reaches into it, and leaves be what it does not find there.
 * What it answers sets up the servers when they listen.
 */
function widenWindows(server: Server): (setUp: (server: Http2Server) => void) => void {
  const inside = server as unknown as {
    commonServerOptions?: ServerOptions;
    http2Servers?: ReadonlyMap<Http2Server, unknown>;
  };
  if (inside.commonServerOptions)
    inside.commonServerOptions.settings = { initialWindowSize: streamWindowBytes };
  return (setUp) => {
    for (const http2Server of inside.http2Servers?.keys() ?? []) {
      setUp(http2Server);
      http2Server.on("session", (session) => {
        session.setLocalWindowSize(sessionWindowBytes);
        keepCertificate(session);
      });
    }
  };
}

function bind(server: Server, listen: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) =>
      error ? reject(new Error(`can't listen on ${listen}: ${error.message}`)) : resolve(port),
    );
  });
}

async function shutDown(server: Server): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), drainMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(timer);
}
