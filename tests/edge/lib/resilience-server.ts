import { appendFileSync } from "node:fs";
import { create, type DescMethod, type Message, toBinary } from "@bufbuild/protobuf";
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { ResilienceService } from "../../../gen/sluice/test/v1/resilience_pb.ts";

// A backend process that tests kill, suspend or switch between modes. It appends each call that it starts to a file.
// Arguments: <its name> <port, 0 for any> <file>.
const [name = "", port = "0", file = ""] = process.argv.slice(2);

/** How the process responds to calls. */
export type Mode = "usual" | "slow" | "stuck" | "failing" | "not serving";

const slowMs = 300;
let mode: Mode = "usual";

const asIs = (bytes: Buffer): Buffer => bytes;

function answer(method: DescMethod): Buffer {
  return Buffer.from(toBinary(method.output, create(method.output, { server: name } as Partial<Message>)));
}

const away = { code: status.UNAVAILABLE, details: "away" };

type Call = {
  readonly request: Buffer;
  readonly metadata: Metadata;
  on(event: "cancelled", listener: () => void): unknown;
};

function begin(method: DescMethod, call: Call): void {
  const before = call.metadata.get("grpc-previous-rpc-attempts")[0] ?? 0;
  const trace = call.metadata.get("traceparent")[0] ?? "none";
  appendFileSync(file, `${method.name} ${keyOf(call.request)} ${before} ${trace}\n`);
  call.on("cancelled", () => process.send?.({ cancelled: method.name }));
}

function handle(method: DescMethod) {
  return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
    begin(method, call);
    if (mode === "stuck") return;
    if (mode === "failing") done(away);
    else if (mode === "slow") setTimeout(() => done(null, answer(method)), slowMs);
    else done(null, answer(method));
  };
}

/** The first field of every request is its key. */
const keyOf = (request: Buffer): string => request.subarray(2, 2 + (request[1] ?? 0)).toString();

const server = new Server();
const definition = Object.fromEntries(
  ResilienceService.methods.map((method) => [
    method.localName,
    {
      path: `/${method.parent.typeName}/${method.name}`,
      requestStream: false,
      responseStream: method.methodKind === "server_streaming",
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  ]),
);
server.addService(definition, {
  read: handle(ResilienceService.method.read),
  write: handle(ResilienceService.method.write),
  hedge: handle(ResilienceService.method.hedge),
  follow(call: ServerWritableStream<Buffer, Buffer>) {
    begin(ResilienceService.method.follow, call);
    if (mode === "stuck") return;
    if (mode === "failing") {
      call.emit("error", away);
      return;
    }
    for (let count = 0; count < 3; count += 1) call.write(answer(ResilienceService.method.follow));
    call.end();
  },
});
const health = new HealthImplementation({ "": "SERVING" });
health.addToServer(server);
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
  if (error) throw error;
  process.send?.(bound);
});
process.on("message", (wanted: Mode) => {
  mode = wanted;
  health.setStatus("", mode === "not serving" ? "NOT_SERVING" : "SERVING");
  process.send?.({ mode });
});
process.on("SIGTERM", () => server.tryShutdown(() => process.exit()));
process.on("disconnect", () => process.exit());
