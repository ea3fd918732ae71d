import { spawn } from "node:child_process";
import { once } from "node:events";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { pino } from "pino";
import { startEdge } from "../../edge/start-edge.ts";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { createMeshKeys } from "../../services/all-in-one/create-mesh-keys.ts";
import { goProgram } from "../lib/go-program.ts";
import { definition, echoedHeader, echoedTrailer, implementation } from "./test-service.ts";

// The interoperability client of gRPC, written in Go, runs its cases through the edge against a backend on grpc-js.

const version = "v1.85.0";

/** All cases except those that need another transport or cloud credentials. */
const cases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "custom_metadata",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
  "cancel_after_begin",
  "cancel_after_first_response",
  "timeout_on_sleeping_server",
];

/** Timeout. A case takes less than a second. */
const caseMsMax = 60_000;

async function startBackend(): Promise<Disposable & { address: string }> {
  const server = new Server();
  server.addService(definition, implementation);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  return { address: `127.0.0.1:${await promise}`, [Symbol.dispose]: () => server.forceShutdown() };
}

/** Runs one case. Returns the output of the client if it failed. */
async function failureOf(client: string, name: string, edgeUrl: string): Promise<string | undefined> {
  const { hostname, port } = new URL(edgeUrl);
  const options = [`-server_host=${hostname}`, `-server_port=${port}`, `-test_case=${name}`];
  const child = spawn(client, options, { stdio: ["ignore", "pipe", "pipe"], timeout: caseMsMax });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return code === 0 ? undefined : output;
}

/** Runs all cases. Returns the number of failed ones. */
async function runCases(client: string): Promise<number> {
  using backend = await startBackend();
  await using edge = await startEdge({
    host: "127.0.0.1",
    port: 0,
    services: [TestService],
    upstreams: { identity: "127.0.0.1:1", interop: backend.address },
    upstreamOf: () => "interop",
    // The cases compare the message of an Unknown status.
    errorStyle: "bare",
    passedHeaders: [echoedHeader, echoedTrailer],
    meshPrivateKey: createMeshKeys().privateKeys.edge ?? "",
    log: pino({ level: "error" }),
  });
  let failed = 0;
  for (const name of cases) {
    const failure = await failureOf(client, name, edge.address);
    console.log(failure === undefined ? `passed: ${name}` : `FAILED: ${name}\n${failure}`);
    if (failure !== undefined) failed += 1;
  }
  console.log(`${cases.length - failed} of ${cases.length} interoperability cases passed`);
  return failed;
}

const client = goProgram("google.golang.org/grpc/interop/client", version);
if (client) process.exitCode = (await runCases(client)) === 0 ? 0 : 1;
else
  console.log("skipped: gRPC's interoperability client is built with Go, and there is no Go on this machine");
