import { once } from "node:events";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { pino } from "pino";
import { startEdge } from "../../edge/start-edge.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "../../gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { ConformanceService } from "../../gen/connectrpc/conformance/v1/service_pb.ts";
import { createMeshKeys } from "../../services/all-in-one/create-mesh-keys.ts";

// The server under test: an edge in front of the backend at the given address, configured by the request of the suite.

async function readSized(stream: NodeJS.ReadStream): Promise<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    held = Buffer.concat([held, chunk]);
    if (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) break;
  }
  return held.subarray(4, 4 + held.readUInt32BE(0));
}

function writeSized(bytes: Uint8Array): void {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.byteLength);
  process.stdout.write(Buffer.concat([size, bytes]));
}

const request = fromBinary(ServerCompatRequestSchema, await readSized(process.stdin));
const [backendAddress = ""] = process.argv.slice(2);
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const clientCa = text(request.clientTlsCert);
const edge = await startEdge({
  host: "127.0.0.1",
  port: 0,
  services: [ConformanceService],
  upstreams: { identity: "127.0.0.1:1", conformance: backendAddress },
  upstreamOf: () => "conformance",
  passedHeaders: ["x-conformance-test"],
  // The suite expects no deadline at the backend if the client set none.
  deadlines: { defaultMs: undefined, maxMs: 300_000 },
  // The suite compares whole statuses, those of Internal and Unknown included, without further details.
  errorStyle: "bare",
  messageBytesMax: request.messageReceiveLimit || undefined,
  tls: request.useTls
    ? {
        certificatePem: text(request.serverCreds?.cert),
        privateKeyPem: text(request.serverCreds?.key),
        ...(clientCa && { clientCaPem: clientCa }),
      }
    : undefined,
  meshPrivateKey: createMeshKeys().privateKeys.edge ?? "",
  log: pino({ level: "error" }, pino.destination(2)),
});
const { hostname, port } = new URL(edge.address);
const pemCert = request.useTls ? (request.serverCreds?.cert ?? new Uint8Array()) : new Uint8Array();
writeSized(
  toBinary(
    ServerCompatResponseSchema,
    create(ServerCompatResponseSchema, { host: hostname, port: Number(port), pemCert }),
  ),
);
await once(process, "SIGTERM");
process.exit(0);
