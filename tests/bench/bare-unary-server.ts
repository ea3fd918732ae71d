import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import {
  ConnectorService,
  GetConnectorRequestSchema,
  GetConnectorResponseSchema,
} from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { assertionHeader, createSigner } from "../../services/lib/rpc/principal.ts";

// Baseline: a handwritten server of this one call. It does not authenticate, limit or validate.
// Arguments: <orchestration's address> <folder of the edge's secrets> <principal as JSON>.
const [address = "", secrets = "", principalJson = ""] = process.argv.slice(2);
const secret = (name: string): Buffer => readFileSync(join(secrets, name));
const signer = createSigner("edge", secret("mesh_private_key").toString());
const principal = JSON.parse(principalJson);
const client = new Client(
  address,
  credentials.createSsl(secret("ca.crt"), secret("tls.key"), secret("tls.crt")),
  { "grpc.ssl_target_name_override": "sluice-orchestration" },
);
const path = `/${ConnectorService.typeName}/${ConnectorService.method.getConnector.name}`;

const server = createServer(async (request, response) => {
  const connector = decodeURIComponent(request.url?.slice(request.url.lastIndexOf("/") + 1) ?? "");
  const metadata = new Metadata();
  metadata.set(assertionHeader, await signer.assertionFor(principal));
  client.makeUnaryRequest(
    path,
    (message: Uint8Array) => Buffer.from(message),
    (bytes: Buffer) => bytes,
    toBinary(GetConnectorRequestSchema, create(GetConnectorRequestSchema, { connector })),
    metadata,
    (error, bytes) => {
      if (error || !bytes) return response.writeHead(500).end(String(error));
      const body = toJsonString(GetConnectorResponseSchema, fromBinary(GetConnectorResponseSchema, bytes));
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    },
  );
});

server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
