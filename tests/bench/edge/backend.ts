import { create, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { EchoResponseSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";

// Answers every call at once with the same message: what is measured stands before it.

const bytes = (buffer: Buffer): Buffer => buffer;
const metadata = Object.fromEntries(
  Array.from({ length: 8 }, (_, at) => [`key-${at}`, `value of key ${at}`]),
);
const answer = Buffer.from(toBinary(EchoResponseSchema, create(EchoResponseSchema, { metadata })));
const server = new Server();
server.addService(
  {
    echo: {
      path: "/sluice.test.v1.EchoService/Echo",
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  },
  { echo: (_: unknown, done: (error: null, message: Buffer) => void) => done(null, answer) },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.(port);
});
process.on("disconnect", () => process.exit());
