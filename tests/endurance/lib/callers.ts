import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as http1Request, type IncomingMessage } from "node:http";
import { connect } from "node:http2";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { unwrapEach, wrap } from "../../../edge/codec/envelope.ts";
import { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import {
  DownloadRequestSchema,
  UploadRequestSchema,
  UploadResponseSchema,
} from "../../../gen/sluice/test/v1/echo_pb.ts";
import { bearer } from "../../edge/lib/test-edge.ts";
import { pace } from "./pace.ts";

/** Count and hash of the received bytes. */
export type Arrived = { bytes: number; sha256: string };

/** Rate-limited callers of one protocol. */
export type Callers = {
  download(bytes: number, bytesPerSecond: number): Promise<Arrived>;
  upload(content: AsyncIterable<Buffer>, bytesPerSecond: number): Promise<Arrived>;
};

type Sent = { path: string; contentType?: string; body?: AsyncIterable<Buffer> | Iterable<Buffer> };
type Send = (port: number, sent: Sent) => Promise<AsyncIterable<Buffer>>;

async function overHttp1(port: number, { path, contentType, body }: Sent): Promise<AsyncIterable<Buffer>> {
  const headers = { ...bearer, ...(contentType && { "content-type": contentType }) };
  const method = body ? "POST" : "GET";
  const request = http1Request({ host: "127.0.0.1", port, path, method, headers, agent: false });
  const responded = once(request, "response") as Promise<[IncomingMessage]>;
  await pipeline(Readable.from(body ?? []), request);
  const [response] = await responded;
  return response;
}

async function overHttp2(port: number, { path, contentType, body }: Sent): Promise<AsyncIterable<Buffer>> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ...bearer,
    ":method": "POST",
    ":path": path,
    te: "trailers",
    "content-type": contentType,
  });
  stream.once("close", () => session.close());
  const responded = once(stream, "response");
  Readable.from(body ?? []).pipe(stream);
  await responded;
  return stream;
}

/** Callers over REST, with raw bytes. */
export const restCallers = (port: number): Callers => ({
  async download(bytes, bytesPerSecond) {
    const body = await overHttp1(port, { path: `/test/v1/downloads/${bytes}` });
    return count(pace(body, bytesPerSecond));
  },
  async upload(content, bytesPerSecond) {
    const body = pace(content, bytesPerSecond);
    const response = await overHttp1(port, { path: "/test/v1/uploads?name=slow", body });
    const { bytes, sha256 } = JSON.parse(Buffer.concat(await Array.fromAsync(response)).toString());
    return { bytes: Number(bytes), sha256 };
  },
});

const service = "/sluice.test.v1.EchoService";

/** Callers over an RPC protocol, with one message per chunk. */
const rpcCallers =
  (send: Send, contentType: string) =>
  (port: number): Callers => ({
    async download(bytes, bytesPerSecond) {
      const message = create(DownloadRequestSchema, { bytes: BigInt(bytes) });
      const body = [wrap(0, toBinary(DownloadRequestSchema, message))];
      const response = await send(port, { path: `${service}/Download`, contentType, body });
      return count(dataOf(messagesOf(pace(response, bytesPerSecond))));
    },
    async upload(content, bytesPerSecond) {
      const body = uploadOf(pace(content, bytesPerSecond));
      const response = await send(port, { path: `${service}/Upload`, contentType, body });
      const [message = Buffer.alloc(0)] = await Array.fromAsync(messagesOf(response));
      const { bytes, sha256 } = fromBinary(UploadResponseSchema, message);
      return { bytes: Number(bytes), sha256 };
    },
  });

export const connectCallers = rpcCallers(overHttp1, "application/connect+proto");
export const grpcWebCallers = rpcCallers(overHttp1, "application/grpc-web+proto");
export const grpcCallers = rpcCallers(overHttp2, "application/grpc+proto");

/** The messages, without the flagged envelope at the end. */
async function* messagesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const { flags, bytes } of unwrapEach(chunks, 2 ** 24)) if (flags === 0) yield bytes;
}

async function* dataOf(messages: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield fromBinary(HttpBodySchema, message).data;
}

async function* uploadOf(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const message = (part: Parameters<typeof create<typeof UploadRequestSchema>>[1]) =>
    wrap(0, toBinary(UploadRequestSchema, create(UploadRequestSchema, part)));
  yield message({ part: { case: "header", value: { name: "slow" } } });
  for await (const value of content) yield message({ part: { case: "chunk", value } });
}

/** Counts and hashes the chunks. */
export async function count(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Arrived> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest("hex") };
}
