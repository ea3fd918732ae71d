import { Server, ServerCredentials } from "@grpc/grpc-js";
import {
  IdempotentUnaryRequestSchema,
  IdempotentUnaryResponseSchema,
  UnaryRequestSchema,
  UnaryResponseSchema,
} from "../../gen/connectrpc/conformance/v1/service_pb.ts";
import { rawMethod } from "../lib/raw-method.ts";
import { bidiStream, clientStream, serverStream, unary } from "./lib/handlers.ts";

// The service of the suite, with grpc-js alone: the tests are of the edge in front of it.

/** Larger than all limits of the suite, which the edge has to enforce. */
const receiveBytesMax = 64 * 1024 * 1024;

const method = (name: string, kind?: Parameters<typeof rawMethod>[1]) =>
  rawMethod(`/connectrpc.conformance.v1.ConformanceService/${name}`, kind);

const server = new Server({ "grpc.max_receive_message_length": receiveBytesMax });
server.addService(
  {
    unary: method("Unary"),
    idempotentUnary: method("IdempotentUnary"),
    clientStream: method("ClientStream", { requestStream: true }),
    serverStream: method("ServerStream", { responseStream: true }),
    bidiStream: method("BidiStream", { requestStream: true, responseStream: true }),
  },
  {
    unary: unary(UnaryRequestSchema, UnaryResponseSchema),
    idempotentUnary: unary(IdempotentUnaryRequestSchema, IdempotentUnaryResponseSchema),
    clientStream,
    serverStream,
    bidiStream,
  },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.(`127.0.0.1:${port}`);
});
// Errors of handlers whose call was cancelled are expected.
process.on("unhandledRejection", (reason) => {
  if (!(reason instanceof Error && reason.message.includes("cancel"))) console.error(reason);
});
process.on("disconnect", () => process.exit());
