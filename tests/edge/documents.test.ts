import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as http1Request, type IncomingMessage } from "node:http";
import { connect } from "node:http2";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLibrary } from "./lib/library-backend.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import type { TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startLibrary();
});
afterAll(() => edge[Symbol.asyncDispose]());

const mebibyte = 1024 * 1024;

/** Distinct chunks of an odd size. */
function* chunks(bytes: number): Generator<Buffer> {
  const size = 100_003;
  for (let at = 0; at < bytes; at += size) {
    const chunk = Buffer.alloc(Math.min(size, bytes - at), at % 251);
    chunk.writeUInt8((at / size) % 256, 0);
    yield chunk;
  }
}

function sha256Of(bytes: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const chunk of bytes) hash.update(chunk);
  return hash.digest("hex");
}

type Sent = { path: string; headers: Record<string, string>; body: Readable };
type Received = { status: number; contentType: string | undefined; body: Readable };

async function overHttp1({ path, headers, body }: Sent): Promise<Received> {
  const request = http1Request({
    host: "127.0.0.1",
    port: edge.port,
    path,
    method: "POST",
    headers,
    agent: false,
  });
  body.pipe(request);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, contentType: response.headers["content-type"], body: response };
}

async function overHttp2({ path, headers, body }: Sent): Promise<Received> {
  const session = connect(edge.url);
  const stream = session.request({ ":method": "POST", ":path": path, ...headers });
  stream.on("close", () => session.close());
  body.pipe(stream);
  const [received] = await once(stream, "response");
  return { status: received[":status"], contentType: received["content-type"], body: stream };
}

describe.each([
  ["HTTP/1.1", overHttp1, http1],
  ["HTTP/2", overHttp2, http2],
] as const)("%s", (_, exchange, send) => {
  const total = 64 * mebibyte;
  const headers = { "content-type": "image/tiff" };

  test("OK: 64 MiB go up as one field of a stream, byte for byte, with path and type beside them", async () => {
    const body = Readable.from(chunks(total));
    const answer = await exchange({ path: "/library/v1/scans/a%2Fb", headers, body });
    expect(JSON.parse(await text(answer.body))).toEqual({
      name: "a/b",
      contentType: "image/tiff",
      bytes: String(total),
      sha256: sha256Of(chunks(total)),
    });
  });

  test("OK: 64 MiB go up and come down at once, byte for byte", async () => {
    const body = Readable.from(chunks(total));
    const answer = await exchange({ path: "/library/v1/scans:copy", headers, body });
    expect([answer.status, answer.contentType]).toEqual([200, "image/tiff"]);
    const hash = createHash("sha256");
    for await (const chunk of answer.body) hash.update(chunk);
    expect(hash.digest("hex")).toBe(sha256Of(chunks(total)));
  });

  test("OK: a document of no bytes has its type and its path all the same", async () => {
    const answer = await exchange({ path: "/library/v1/scans/empty", headers, body: Readable.from([]) });
    expect(JSON.parse(await text(answer.body))).toMatchObject({
      name: "empty",
      contentType: "image/tiff",
      bytes: "0",
    });
  });

  test("OK: a unary document comes back byte for byte, as the field that is the whole answer", async () => {
    const bytes = Buffer.from([0, 0xff, 0xfe, 0x0a, 0x0d]);
    const body = Readable.from([bytes]);
    const answer = await exchange({ path: "/library/v1/pages/a", headers, body });
    const received: Buffer[] = [];
    for await (const chunk of answer.body) received.push(chunk);
    expect([answer.contentType, Buffer.concat(received)]).toEqual(["image/tiff", bytes]);
  });

  test("OK: a document is not read as JSON, whatever its type says", async () => {
    const sent = { method: "POST", headers: { "content-type": "application/json" }, body: '{"no":' };
    const answer = await send(edge.port, "/library/v1/pages/a", sent);
    expect([answer.status, answer.body]).toEqual([200, '{"no":']);
  });

  test("OK: what a caller weighs heaviest decides how a stream is framed, and an error stays visible in it", async () => {
    const watch = (accept: string) =>
      send(edge.port, "/library/v1/shelves/1:watch?count=1&fail=true", { headers: { accept } });
    const error = {
      error: { code: 500, status: "DATA_LOSS", message: "the shelf fell down", details: [] },
    };
    const message = { number: 1, shelf: "1" };
    const array = await watch("text/event-stream;q=0.1, application/json;q=0.2");
    expect(JSON.parse(array.body)).toEqual([message, error]);
    const lines = await watch("text/event-stream;q=0.1, application/x-ndjson");
    expect(lines.body).toBe(`${JSON.stringify(message)}\n${JSON.stringify(error)}\n`);
    const events = await watch("application/json;q=0.5, text/event-stream");
    expect(events.body).toBe(
      `retry: 3000\n\nid: 0\ndata: ${JSON.stringify(message)}\n\nevent: error\ndata: ${JSON.stringify(error)}\n\n`,
    );
  });

  test("OK: both streams of a call as lines", async () => {
    const answer = await send(edge.port, "/library/v1/discussion", {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", accept: "application/x-ndjson" },
      body: '{"text":"a"}\n{"text":"b"}',
    });
    expect(answer.body).toBe('{"text":"about a"}\n{"text":"about b"}\n');
  });

  test("ContentTooLarge: a line over 4 MiB names its limit", async () => {
    const answer = await send(edge.port, "/library/v1/shelves/1:import", {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: `{"book":{"title":"${"x".repeat(5 * mebibyte)}"}}`,
    });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body).error).toMatchObject({
      message: "a line of the body is larger than 4194304 bytes",
      details: [{ reason: "REQUEST_TOO_LARGE", metadata: { limit: "4194304" } }],
    });
  });
});
