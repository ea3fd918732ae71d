import { create, fromBinary, type JsonObject, toJson } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import type { Code } from "@connectrpc/connect";
import { wrap } from "../../../edge/codec/envelope.ts";
import { commonTypes } from "../../../edge/errors/common-types.ts";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";
import { http1, http2, type RawResponse } from "./raw-http.ts";
import { nameOf } from "./status-callers.ts";

// Requests that no client library would send, and responses without anything that a client library adds.

/** A call, for every protocol. */
export type WireCall = {
  /** Method and path in REST. */
  readonly rest: string;
  /** Path in the other protocols. */
  readonly rpc: string;
  /** The message; GET requests in REST have no body. */
  readonly json: string;
  readonly proto: Uint8Array;
  readonly headers?: Record<string, string>;
  /** Compresses the message, under the name of an encoding. */
  readonly compression?: { readonly name: string; compress(bytes: Uint8Array): Buffer };
};

/** A google.rpc.Status as a caller received it, and the delay of the Retry-After header. */
type ToldStatus = {
  readonly code: string;
  readonly message: string;
  readonly details: readonly JsonObject[];
  readonly retryAfter: string | undefined;
};

export type WireCaller = (port: number, call: WireCall) => Promise<ToldStatus>;

const plain = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const compressed = ({ compression }: WireCall, bytes: Uint8Array): Buffer =>
  (compression?.compress ?? plain)(bytes);

async function send(
  version: typeof http1,
  port: number,
  line: string,
  sent: { headers: Record<string, string>; body: Buffer },
): Promise<RawResponse> {
  const [method = "", path = ""] = line.split(" ");
  return version(port, path, { method, headers: sent.headers, ...(method !== "GET" && { body: sent.body }) });
}

function inRest(contentType: string): WireCaller {
  return async (port, call) => {
    const { compression, headers } = call;
    const answer = await send(http1, port, call.rest, {
      headers: {
        "content-type": contentType,
        ...(compression && { "content-encoding": compression.name }),
        ...headers,
      },
      body: compressed(call, Buffer.from(call.json)),
    });
    const whole = JSON.parse(answer.body);
    const { status, message, details } = (Array.isArray(whole) ? whole.at(-1) : whole).error;
    return { code: status, message, details, retryAfter: retryAfterOf(answer) };
  };
}

const retryAfterOf = ({ headers }: RawResponse) => headers["retry-after"];

/** A detail in Connect's JSON. */
type ConnectDetail = { readonly type: string; readonly value: string };
type ConnectError = { readonly code: string; readonly message: string; readonly details?: ConnectDetail[] };

function connectStatus({ code, message, details = [] }: ConnectError, answer: RawResponse): ToldStatus {
  return {
    code: code.toUpperCase(),
    message,
    details: details.map(({ type, value }) =>
      detailOf(
        create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value, "base64") }),
      ),
    ),
    retryAfter: retryAfterOf(answer),
  };
}

const detailOf = (any: Any): JsonObject => toJson(AnySchema, any, { registry: commonTypes }) as JsonObject;

function inConnectUnary(codec: "proto" | "json"): WireCaller {
  return async (port, call) => {
    const { compression, headers } = call;
    const answer = await send(http2, port, `POST ${call.rpc}`, {
      headers: {
        "content-type": `application/${codec}`,
        "connect-protocol-version": "1",
        ...(compression && { "content-encoding": compression.name }),
        ...headers,
      },
      body: compressed(call, codec === "json" ? Buffer.from(call.json) : call.proto),
    });
    return connectStatus(JSON.parse(answer.body), answer);
  };
}

/** Sends a call whose message is in an envelope. */
function enveloped(version: typeof http1, contentType: string, encodingHeader: string) {
  return (port: number, call: WireCall): Promise<RawResponse> =>
    send(version, port, `POST ${call.rpc}`, {
      headers: {
        "content-type": contentType,
        te: "trailers",
        ...(call.compression && { [encodingHeader]: call.compression.name }),
        ...call.headers,
      },
      body: wrap(call.compression ? 1 : 0, compressed(call, call.proto)),
    });
}

/** The last envelope of a body. */
function lastEnvelope(bytes: Buffer): string {
  let rest = bytes;
  for (;;) {
    const end = 5 + rest.readUInt32BE(1);
    if (end >= rest.byteLength) return rest.subarray(5).toString();
    rest = rest.subarray(end);
  }
}

const connectStream = enveloped(http1, "application/connect+proto", "connect-content-encoding");
const inConnectStream: WireCaller = async (port, call) => {
  const answer = await connectStream(port, call);
  return connectStatus(JSON.parse(lastEnvelope(answer.bytes)).error, answer);
};

function grpcStatus(trailer: (name: string) => string | undefined, answer: RawResponse): ToldStatus {
  const encoded = trailer("grpc-status-details-bin");
  const { details } = fromBinary(StatusSchema, Buffer.from(encoded ?? "", "base64"));
  return {
    code: nameOf(Number(trailer("grpc-status")) as Code),
    message: decodeURIComponent(trailer("grpc-message") ?? ""),
    details: details.map(detailOf),
    retryAfter: retryAfterOf(answer),
  };
}

const grpc = enveloped(http2, "application/grpc", "grpc-encoding");
const inGrpc: WireCaller = async (port, call) => {
  const answer = await grpc(port, call);
  return grpcStatus((name) => answer.trailers[name]?.toString(), answer);
};

const grpcWeb = enveloped(http1, "application/grpc-web+proto", "grpc-encoding");
const inGrpcWeb: WireCaller = async (port, call) => {
  const answer = await grpcWeb(port, call);
  const lines = new Map(
    lastEnvelope(answer.bytes)
      .split("\r\n")
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)] as const),
  );
  return grpcStatus((name) => lines.get(name), answer);
};

/** Callers of unary methods. */
export const unaryCallers: Readonly<Record<string, WireCaller>> = {
  REST: inRest("application/json"),
  Connect: inConnectUnary("proto"),
  "Connect JSON": inConnectUnary("json"),
  "gRPC-Web": inGrpcWeb,
  gRPC: inGrpc,
};

/** Callers of streaming methods; they send one message. */
export const streamCallers: Readonly<Record<string, WireCaller>> = {
  REST: inRest("application/x-ndjson"),
  Connect: inConnectStream,
  "gRPC-Web": inGrpcWeb,
  gRPC: inGrpc,
};
