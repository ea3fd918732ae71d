import type { JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { FaultService } from "../../../gen/sluice/faults/v1/faults_pb.ts";
import { http1, http2 } from "./raw-http.ts";

/** A google.rpc.Status as a caller received it: `details` by type name, with their bytes in base64 or their JSON. */
export type Told = {
  code: string;
  message: string;
  details: { type: string; value: string | JsonObject }[];
  /** Number of messages before it. */
  messages: number;
};

/** A caller of one protocol. `after` is the number of messages before the failure; undefined for the unary method. */
export type StatusCaller = (url: string, status: Uint8Array, after: number | undefined) => Promise<Told>;

const requestId = "the-id";
const headers = { "x-request-id": requestId };

function rpc(transportOf: (baseUrl: string) => Transport): StatusCaller {
  const transports = new Map<string, Transport>();
  return async (url, status, after) => {
    const transport = transports.get(url) ?? transportOf(url);
    transports.set(url, transport);
    const client = createClient(FaultService, transport);
    let messages = 0;
    try {
      if (after === undefined) await client.fail({ status }, { headers });
      else for await (const _ of client.failLate({ status, messages: after }, { headers })) messages += 1;
    } catch (error) {
      const { code, rawMessage, details } = ConnectError.from(error);
      return { code: nameOf(code), message: rawMessage, details: details.map(toldDetail), messages };
    }
    return { code: "OK", message: "", details: [], messages };
  };
}

function toldDetail(detail: ConnectError["details"][number]): Told["details"][number] {
  if ("desc" in detail) throw new Error("a detail that came over the wire has no descriptor");
  return { type: detail.type, value: Buffer.from(detail.value).toString("base64") };
}

/** The name of a code in the JSON of google.rpc.Status. */
export const nameOf = (code: Code): string =>
  code === Code.Canceled ? "CANCELLED" : Code[code].replace(/(?<=.)[A-Z]/g, "_$&").toUpperCase();

function rest(send: typeof http1): StatusCaller {
  return async (url, status, after) => {
    const request: JsonObject = { status: Buffer.from(status).toString("base64") };
    if (after !== undefined) request.messages = after;
    const answer = await send(
      Number(new URL(url).port),
      `/faults/v1/fail${after === undefined ? "" : ":late"}`,
      {
        method: "POST",
        headers: {
          ...headers,
          "content-type": "application/json",
          accept: "application/x-ndjson, application/json;q=0.9",
        },
        body: JSON.stringify(request),
      },
    );
    const lines = answer.body
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const error = lines.at(-1)?.error;
    if (!error)
      return { code: "OK", message: "", details: [], messages: after === undefined ? 0 : lines.length };
    const details = error.details.map(({ "@type": url, ...value }: JsonObject) => ({
      type: String(url).replace("type.googleapis.com/", ""),
      value,
    }));
    return { code: error.status, message: error.message, details, messages: lines.length - 1 };
  };
}

export const statusCallers: Readonly<Record<string, StatusCaller>> = {
  "REST over HTTP/1.1": rest(http1),
  "REST over HTTP/2": rest(http2),
  "Connect over HTTP/1.1": rpc((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })),
  "Connect over HTTP/2": rpc((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })),
  "Connect JSON over HTTP/1.1": rpc((baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  ),
  "gRPC-Web over HTTP/1.1": rpc((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })),
  "gRPC-Web over HTTP/2": rpc((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" })),
  "gRPC over HTTP/2": rpc((baseUrl) => createGrpcTransport({ baseUrl })),
};
