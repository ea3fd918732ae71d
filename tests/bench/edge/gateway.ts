import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Client, credentials } from "@grpc/grpc-js";
import { pino } from "pino";
import type { Limit } from "../../../edge/admission/limit.ts";
import { createLocalLimiter } from "../../../edge/admission/local-limiter.ts";
import { startEdge } from "../../../edge/start-edge.ts";
import {
  type EchoRequest,
  EchoRequestSchema,
  type EchoResponse,
  EchoResponseSchema,
  EchoService,
} from "../../../gen/sluice/test/v1/echo_pb.ts";
import { createMeshKeys } from "../../../services/all-in-one/create-mesh-keys.ts";
import { startIdentity } from "./identity.ts";

// A gateway in front of the backend, in a process of its own. It reports its port, and on request the CPU time it has used.

const [kind = "", backendPort = ""] = process.argv.slice(2);
const path = "/sluice.test.v1.EchoService/Echo";
const client = new Client(`127.0.0.1:${backendPort}`, credentials.createInsecure());
const asIs = (bytes: Buffer): Buffer => bytes;

function callRaw(message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, message, (error, response) =>
      error ? reject(error) : resolve(response ?? Buffer.alloc(0)),
    );
  });
}

function call(request: EchoRequest): Promise<EchoResponse> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: EchoRequest) => Buffer.from(toBinary(EchoRequestSchema, message)),
      (bytes) => fromBinary(EchoResponseSchema, bytes),
      request,
      (error, response) =>
        error ? reject(ConnectError.from(error)) : resolve(response ?? create(EchoResponseSchema)),
    );
  });
}

const adapter = () =>
  connectNodeAdapter({ routes: (router) => router.rpc(EchoService.method.echo, (request) => call(request)) });

async function handJson(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", async () => {
    const message = fromJsonString(EchoRequestSchema, Buffer.concat(chunks).toString());
    const echo = fromBinary(
      EchoResponseSchema,
      await callRaw(Buffer.from(toBinary(EchoRequestSchema, message))),
    );
    const body = Buffer.from(toJsonString(EchoResponseSchema, echo));
    response.writeHead(200, { "content-type": "application/json", "content-length": body.byteLength });
    response.end(body);
  });
}

function handGrpc(stream: ServerHttp2Stream): void {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", async () => {
    const response = await callRaw(Buffer.concat(chunks).subarray(5));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(response.byteLength, 1);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.concat([head, response]));
  });
}

/** Rate and concurrency limits of each kind of caller, high enough never to be reached. */
const far: Limit = { tokens: 1e9, refillMs: 1_000, callsMax: 1e9 };
const farLimits = { address: far, user: far, "api-key": far, org: far };

/** The edge with an identity service of its own. `more` adds settings. */
async function edge(more: Partial<Parameters<typeof startEdge>[0]> = {}): Promise<number> {
  const keys = createMeshKeys();
  const log = pino({ level: "silent" });
  const identity = await startIdentity(keys, log);
  const started = await startEdge({
    host: "127.0.0.1",
    port: 0,
    services: [EchoService],
    upstreams: { identity: identity.address, test: `127.0.0.1:${backendPort}` },
    meshPrivateKey: keys.privateKeys.edge ?? "",
    log,
    ...more,
  });
  return Number(new URL(started.address).port);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

const kinds: Record<string, () => Promise<number>> = {
  edge: () => edge(),
  "edge with limits": () => edge({ admission: { limiter: createLocalLimiter(), limits: farLimits } }),
  "connect http1": () => listen(createHttp1Server(adapter())),
  "connect http2": () => listen(createHttp2Server(adapter())),
  "hand http1": () => listen(createHttp1Server(handJson)),
  "hand http2": () => listen(createHttp2Server().on("stream", handGrpc)),
};

process.send?.(await kinds[kind]?.());
process.on("message", () => process.send?.(process.cpuUsage()));
process.on("disconnect", () => process.exit());
