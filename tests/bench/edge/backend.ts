import { create, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { GetConnectorResponseSchema } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { EchoResponseSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";
import { rawMethod } from "../../lib/raw-method.ts";

// Responds to every call of a method at once with the same message. The gateway in front of it is measured.

const metadata = Object.fromEntries(
  Array.from({ length: 8 }, (_, at) => [`key-${at}`, `value of key ${at}`]),
);
const echo = toBinary(EchoResponseSchema, create(EchoResponseSchema, { metadata }));
const connector = toBinary(
  GetConnectorResponseSchema,
  create(GetConnectorResponseSchema, {
    connector: { name: "file", description: "x".repeat(200), settingsSchema: metadata },
  }),
);

const responding = (message: Uint8Array) => {
  const response = Buffer.from(message);
  return (_: unknown, done: (error: null, message: Buffer) => void) => done(null, response);
};

const server = new Server();
server.addService(
  {
    echo: rawMethod("/sluice.test.v1.EchoService/Echo"),
    getConnector: rawMethod("/sluice.orchestration.v1.ConnectorService/GetConnector"),
  },
  { echo: responding(echo), getConnector: responding(connector) },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.(port);
});
process.on("disconnect", () => process.exit());
