import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { bootstrapEmail, encryptionKey, password } from "../../identity/fixtures.ts";
import { freePort } from "../../lib/free-port.ts";
import { serviceAddresses } from "../../lib/service-addresses.ts";
import { spawnService } from "../../lib/service-process.ts";
import { spawnProcess } from "../../lib/spawned-process.ts";
import { createTestDatabase } from "../../lib/test-database.ts";
import { meshKeys } from "../../lib/test-mesh.ts";
import { startTraceReceiver, type TraceReceiver } from "./trace-receiver.ts";

export type ObservedProcesses = AsyncDisposable & {
  readonly receiver: TraceReceiver;
  /** Addresses for callers, and of the admin ports. */
  readonly url: string;
  readonly edgeAdmin: string;
  readonly identityAdmin: string;
};

/** Starts identity and the edge as processes with metrics and traces switched on. */
export async function startObservedProcesses(): Promise<ObservedProcesses> {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.use(await startTraceReceiver());
  const database = stack.use(await createTestDatabase());
  const [edgePort, identityPort] = [await freePort(), await freePort()];
  const common = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: "50" };
  const nowhere = "127.0.0.1:1";
  const identity = stack.use(
    await spawnService("identity", {
      ...common,
      ...serviceAddresses(nowhere),
      GRPC_LISTEN: "127.0.0.1:0",
      ADMIN_LISTEN: `127.0.0.1:${identityPort}`,
      DATABASE_URL: database.urls.identity,
      MESH_PRIVATE_KEY: meshKeys.privateKeys.identity,
      MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
      SECRET_ENCRYPTION_KEY: encryptionKey,
      BOOTSTRAP_ADMIN_EMAIL: bootstrapEmail,
      BOOTSTRAP_ADMIN_PASSWORD: password,
    }),
  );
  const edge = stack.use(
    await spawnProcess("edge/main.ts", {
      ...common,
      EDGE_PORT: "0",
      ADMIN_LISTEN: `127.0.0.1:${edgePort}`,
      MESH_PRIVATE_KEY: meshKeys.privateKeys.edge,
      ...serviceAddresses(nowhere),
      IDENTITY_ADDRESS: identity.address,
    }),
  );
  const owned = stack.move();
  return {
    receiver,
    url: edge.address,
    edgeAdmin: `http://127.0.0.1:${edgePort}`,
    identityAdmin: `http://127.0.0.1:${identityPort}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Metrics by name and labels, as `name{a="b"}`. */
export async function figuresAt(admin: string): Promise<Map<string, number>> {
  const lines = (await (await fetch(`${admin}/metrics`)).text()).split("\n");
  const figures = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    figures.map((line) => [
      line.slice(0, line.lastIndexOf(" ")),
      Number(line.slice(line.lastIndexOf(" ") + 1)),
    ]),
  );
}

/** The metrics whose names have this prefix. */
export const figuresOf = (figures: ReadonlyMap<string, number>, name: string): Record<string, number> =>
  Object.fromEntries([...figures].filter(([key]) => key.startsWith(`${name}{`) || key === name));

/** Makes a unary gRPC call with an empty message through `node:http2` and returns its status. */
export async function grpcCall(url: string, path: string, headers: Record<string, string>): Promise<string> {
  const session = connect(url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    let status = "";
    stream.on("trailers", (trailers) => {
      status = String(trailers["grpc-status"]);
    });
    stream.end(Buffer.alloc(5));
    await text(stream);
    return status;
  } finally {
    session.close();
  }
}
