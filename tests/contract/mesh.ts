import { join } from "node:path";
import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { type DatabaseServiceName, type ServiceName, serviceNames } from "../../gen/services.ts";
import { services } from "../../services/all-in-one/services.ts";
import { createGrpcTransport } from "../../services/lib/mesh/grpc-transport.ts";
import { assertionHeader, type Principal } from "../../services/lib/rpc/principal.ts";
import type { Env } from "../../services/lib/settings/env.ts";
import { serviceNameOf } from "../../services/lib/values/service-name.ts";
import { shareCompileCache } from "../lib/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import {
  meshKeys,
  type RunningService,
  startService,
  temporaryFolder,
  transportAs,
} from "../lib/test-mesh.ts";

export type Mesh = AsyncDisposable & {
  database: TestDatabase;
  /** The folder; storage's data is in `storage`. */
  folder: string;
  /** Calls a method of any service and returns its first message. */
  call(
    method: DescMethod,
    message: object,
    assertion: string | undefined,
  ): Promise<MessageShape<DescMessage>>;
  /** A client that calls as the edge. */
  client<S extends DescService>(service: S, who: Principal): Client<S>;
  /** Stops a service. */
  stop(name: ServiceName): Promise<void>;
  /** Starts a service that was stopped. */
  start(name: ServiceName): Promise<void>;
  /** The environment of a process of the service. */
  env(name: ServiceName): Env;
};

/** Runs every service on a socket of its own, with one database and, if there are any, further settings. */
export async function startMesh(more: Env = {}): Promise<Mesh> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  shareCompileCache(join(folder.path, "orchestration"));
  const addressOf = (name: string) => `unix:${join(folder.path, `${name}.sock`)}`;
  const env = (name: ServiceName): Env => ({
    GRPC_LISTEN: addressOf(name),
    ...Object.fromEntries(serviceNames.map((peer) => [`${peer.toUpperCase()}_ADDRESS`, addressOf(peer)])),
    LOG_LEVEL: "silent",
    STORAGE_DIR: join(folder.path, "storage"),
    ORCHESTRATION_DIR: join(folder.path, "orchestration"),
    BOOTSTRAP_ADMIN_PASSWORD: "a long first password",
    database_url: name in database.urls ? database.urls[name as DatabaseServiceName] : undefined,
    mesh_private_key: meshKeys.privateKeys[name],
    mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
    secret_encryption_key: Buffer.alloc(32, 7).toString("base64"),
    url_signing_key: Buffer.alloc(32, 8).toString("base64"),
    ...more,
  });
  const running = new Map<ServiceName, RunningService>();
  const stop = async (name: ServiceName) => {
    await running.get(name)?.stop();
    running.delete(name);
  };
  const start = async (name: ServiceName) => {
    running.set(name, await startService(services[name].run, env(name)));
  };
  stack.defer(async () => {
    for (const name of [...running.keys()].reverse()) await stop(name);
  });
  for (const name of serviceNames) await start(name);
  const clients = stack.use(new DisposableStack());
  const owned = stack.move();
  return {
    database,
    folder: folder.path,
    stop,
    start,
    env,
    call: (method, message, assertion) =>
      call(addressOf(serviceNameOf(method.parent)), method, message, assertion),
    client: (service, who) =>
      createClient(service, clients.use(transportAs(addressOf(serviceNameOf(service)), who, "edge"))),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

async function call(address: string, method: DescMethod, message: object, assertion: string | undefined) {
  using transport = createGrpcTransport({ peer: "the service", address });
  const headers = assertion === undefined ? {} : { [assertionHeader]: assertion };
  const client = createClient(method.parent, transport) as unknown as Record<string, Call>;
  const streamsIn = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const answer = client[method.localName]?.(streamsIn ? once(message) : message, { headers });
  if (method.methodKind !== "server_streaming") return (await answer) as MessageShape<DescMessage>;
  for await (const first of answer as AsyncIterable<MessageShape<DescMessage>>) return first;
  throw new Error("the stream ended without a message");
}

type Call = (message: unknown, options: { headers: Record<string, string> }) => unknown;

async function* once(message: object) {
  yield message;
}
