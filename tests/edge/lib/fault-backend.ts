import { once } from "node:events";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";
import {
  FailLateRequestSchema,
  FailLateResponseSchema,
  FailRequestSchema,
  FaultService,
} from "../../../gen/sluice/faults/v1/faults_pb.ts";
import { rawMethod } from "../../lib/raw-method.ts";
import { startTestEdge, type TestEdge } from "./test-edge.ts";

const method = (name: string, responseStream: boolean) =>
  rawMethod(`/sluice.faults.v1.FaultService/${name}`, { responseStream });

/** A status for grpc-js, with its details unchanged. */
function failureOf(encoded: Uint8Array) {
  const { code, message: details } = fromBinary(StatusSchema, encoded);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(encoded));
  return { code, details, metadata };
}

/** Handles a call of the fault service. */
export type FaultHandlers = {
  fail?(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void;
  failLate?(call: ServerWritableStream<Buffer, Buffer>): void;
};

/** A backend whose failures the request describes. */
const startFaults = (): Promise<AsyncDisposable & { address: string }> =>
  serveFaults({
    fail(call, answer) {
      const failure = failureOf(fromBinary(FailRequestSchema, call.request).status);
      answer(failure.code === 0 ? null : failure, Buffer.alloc(0), failure.metadata);
    },
    async failLate(call) {
      const { status, messages } = fromBinary(FailLateRequestSchema, call.request);
      for (let number = 1; number <= messages; number += 1) {
        const message = toBinary(FailLateResponseSchema, create(FailLateResponseSchema, { number }));
        if (!call.write(Buffer.from(message))) await once(call, "drain");
      }
      const failure = failureOf(status);
      if (failure.code === 0) call.end();
      else call.emit("error", failure);
    },
  });

/** Starts a plain grpc-js server, without any code of Sluice, and returns its address. */
export async function serveFaults(handlers: FaultHandlers): Promise<AsyncDisposable & { address: string }> {
  const server = new Server();
  server.addService({ fail: method("Fail", false), failLate: method("FailLate", true) }, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

/** An edge in front of the fault backend. */
export async function startFaultyEdge(): Promise<TestEdge> {
  await using cleanup = new AsyncDisposableStack();
  const faults = cleanup.use(await startFaults());
  const edge = cleanup.use(
    await startTestEdge({ services: [FaultService], upstreams: { faults: faults.address } }),
  );
  const owned = cleanup.move();
  return { ...edge, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
