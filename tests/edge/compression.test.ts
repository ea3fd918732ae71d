import { once } from "node:events";
import { get as http1Get, request as http1Request, type IncomingMessage } from "node:http";
import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import {
  brotliCompressSync,
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOf } from "./lib/echo-backend.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { type ShelfEdge, startShelfEdge } from "./lib/shelf.ts";
import { bearer } from "./lib/test-edge.ts";

let edge: ShelfEdge;
beforeAll(async () => {
  edge = await startShelfEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const inflate = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync } as const;
const deflate = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync } as const;
const inflater = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress } as const;
type Coding = keyof typeof inflate;
const codings: Coding[] = ["gzip", "br", "zstd"];

const large = "/test/v1/shelf/books?count=200";

/** Fetches a response with its raw body. */
async function fetchBytes(path: string, headers: Record<string, string>, method = "GET") {
  const request = http1Request({ host: "127.0.0.1", port: edge.port, path, headers, method, agent: false });
  const [response] = (await once(request.end(), "response")) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, bytes: await buffer(response) };
}

test.each([
  [undefined, undefined],
  ["", undefined],
  ["identity", undefined],
  ["gzip", "gzip"],
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip, deflate, br", "br"],
  ["deflate", undefined],
  ["gzip;q=0.9, br;q=0.8", "gzip"],
  ["br;q=0, gzip;q=0.1", "gzip"],
  ["identity;q=1, gzip;q=0.5", undefined],
  ["gzip;q=0.5, *;q=0", "gzip"],
  ["*", "zstd"],
  ["GZIP", "gzip"],
  ["nonsense;;;q=x,,", undefined],
])("OK: Accept-Encoding %j is answered in %s", async (accepted, coding) => {
  const { status, headers, bytes } = await fetchBytes(
    large,
    accepted === undefined ? {} : { "accept-encoding": accepted },
  );
  expect([status, headers["content-encoding"], headers.vary]).toEqual([200, coding, "Accept-Encoding"]);
  expect(headers["content-length"]).toBe(String(bytes.byteLength));
  const text = coding ? inflate[coding as Coding](bytes) : bytes;
  expect(JSON.parse(text.toString()).books).toHaveLength(200);
});

test.each(["identity;q=0", "*;q=0", "deflate, identity;q=0", "gzip;q=0, *;q=0"])(
  "406: Accept-Encoding %j takes nothing that there is, and nothing is done for it",
  async (accepted) => {
    const before = edge.calls();
    const headers = { ...bearer, "accept-encoding": accepted };
    const answer = await http1(edge.port, "/test/v1/shelf/books/moby", {
      method: "PATCH",
      headers,
      body: "{}",
    });
    expect([answer.status, JSON.parse(answer.body).error.message]).toEqual([
      406,
      "Accept-Encoding: must take one of zstd, br, gzip, identity",
    ]);
    expect(edge.calls()).toBe(before);
  },
);

test("OK: a short answer has no coding, unless none would be refused", async () => {
  const path = "/test/v1/shelf/books?count=1";
  expect((await fetchBytes(path, { "accept-encoding": "gzip" })).headers["content-encoding"]).toBeUndefined();
  const insisted = await fetchBytes(path, { "accept-encoding": "gzip, identity;q=0" });
  expect(insisted.headers["content-encoding"]).toBe("gzip");
  expect(JSON.parse(gunzipSync(insisted.bytes).toString()).books).toHaveLength(1);
});

test("OK: files and other bytes are never coded, so that lengths and ranges stay exact", async () => {
  const headers = { "accept-encoding": "gzip, br, zstd", range: "bytes=0-9" };
  for (const method of ["GET", "HEAD"]) {
    const answer = await fetchBytes("/test/v1/downloads/100000", headers, method);
    expect([answer.status, answer.headers["content-encoding"], answer.headers["content-length"]]).toEqual([
      206,
      undefined,
      "100000",
    ]);
    if (method === "GET") expect(answer.bytes.equals(contentOf(100_000))).toBe(true);
  }
  const text = await fetchBytes("/test/v1/shelf/books/moby/text", headers);
  expect([text.headers["content-encoding"], text.bytes.byteLength]).toEqual([undefined, 5000]);
  const refused = await fetchBytes("/test/v1/downloads/10", { "accept-encoding": "gzip, identity;q=0" });
  expect(refused.status).toBe(406);
});

test("OK: HEAD has the headers of GET", async () => {
  const headers = { "accept-encoding": "br" };
  const [head, whole] = [await fetchBytes(large, headers, "HEAD"), await fetchBytes(large, headers)];
  expect(head.bytes).toHaveLength(0);
  for (const name of ["content-encoding", "content-length", "etag", "vary"]) {
    expect(head.headers[name]).toBe(whole.headers[name]);
  }
});

describe.each(codings)("streams in %s", (coding) => {
  test.each(["application/x-ndjson", "text/event-stream"])(
    "OK: each message of %s is seen before the next one, over both versions",
    async (accept) => {
      const chat = { accept, "accept-encoding": coding };
      const request = http1Request({ port: edge.port, path: "/test/v1/chat", method: "POST", headers: chat });
      request.write('{"text":"a"}\n');
      const [response] = (await once(request, "response")) as [IncomingMessage];
      expect(response.headers).toMatchObject({ "content-encoding": coding, vary: "Accept, Accept-Encoding" });
      const plain = response.pipe(inflater[coding]());
      await until(plain, /"A"/);
      request.write('{"text":"b"}\n');
      await until(plain, /"B"/);
      request.end();
      await once(plain.resume(), "end");

      const session = connect(edge.url);
      const stream = session.request({ ":path": "/test/v1/chat", ":method": "POST", ...chat });
      stream.write('{"text":"c"}\n');
      const other = stream.pipe(inflater[coding]());
      await until(other, /"C"/);
      stream.end('{"text":"d"}\n');
      await until(other, /"D"/);
      session.close();
    },
  );

  test("OK: a whole array, and an error after the start", async () => {
    const answer = await fetchBytes("/test/v1/count?up_to=3&fail_after=true", { "accept-encoding": coding });
    const items = JSON.parse(inflate[coding](answer.bytes).toString());
    expect(
      items.map((item: { number?: number; error?: { status: string } }) => item.number ?? item.error?.status),
    ).toEqual([1, 2, 3, "ABORTED"]);
  });
});

test.each(codings)("OK: many who listen to one answer's end are no leak, in %s", async (coding) => {
  const warnings: string[] = [];
  const warn = ({ message }: Error) => warnings.push(message);
  process.on("warning", warn);
  const { status } = await fetchBytes("/test/v1/count?up_to=3", { "accept-encoding": coding });
  process.off("warning", warn);
  expect([status, warnings]).toEqual([200, []]);
});

test("Canceled: a reader of a compressed stream that goes away cancels the backend's", async () => {
  const headers = { accept: "application/x-ndjson", "accept-encoding": "gzip" };
  const request = http1Get(`${edge.url}/test/v1/count?key=coded`, { agent: false, headers });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  await once(response, "data");
  request.destroy();
  await edge.happenings.cancelled("coded");
});

async function until(readable: NodeJS.ReadableStream, wanted: RegExp): Promise<void> {
  let seen = "";
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      seen += chunk.toString();
      if (!wanted.test(seen)) return;
      readable.off("data", take);
      resolve();
    };
    readable.on("data", take);
    readable.once("error", reject);
  });
}

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("coded requests over %s", (_, send) => {
  const post = (path: string, coding: string, body: Buffer, type = "application/json") =>
    send(edge.port, path, {
      method: "POST",
      headers: { ...bearer, "content-type": type, "content-encoding": coding },
      body,
    });

  test.each(codings)("OK: one message in %s", async (coding) => {
    const answer = await post("/test/v1/echo", coding, deflate[coding](Buffer.from('{"text":"hello"}')));
    expect([answer.status, JSON.parse(answer.body).request.text]).toEqual([200, "hello"]);
  });

  test.each(codings)("OK: a client stream, and an upload, in %s", async (coding) => {
    const lines = deflate[coding](Buffer.from('{"number":1}\n{"number":2}\n'));
    const sum = await post("/test/v1/sum", coding, lines, "application/x-ndjson");
    expect([sum.status, JSON.parse(sum.body)]).toEqual([200, { sum: "3" }]);
    const content = Buffer.from(contentOf(3_000_000));
    const upload = await post("/test/v1/uploads?name=a", coding, deflate[coding](content), "text/csv");
    expect([upload.status, JSON.parse(upload.body).bytes]).toEqual([201, "3000000"]);
    expect(JSON.parse(upload.body).header.sizeBytes ?? "0").toBe("0");
  });

  test.each(["x-gzip", "GZIP", "identity"])("OK: the coding %s", async (coding) => {
    const text = Buffer.from('{"text":"hello"}');
    const answer = await post("/test/v1/echo", coding, coding === "identity" ? text : gzipSync(text));
    expect(answer.status).toBe(200);
  });

  test.each(codings)("ResourceExhausted: a bomb in %s is not made larger than the limit", async (coding) => {
    const bomb = deflate[coding](Buffer.alloc(16 * 1024 * 1024, " "));
    const answer = await post("/test/v1/echo", coding, bomb);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body).error.message).toBe("the body is larger than 4194304 bytes");
    const line = await post("/test/v1/sum", coding, bomb, "application/x-ndjson");
    expect(line.status).toBe(413);
  });

  test.each(codings)("InvalidArgument: what is not %s, and what is cut short", async (coding) => {
    const text = Buffer.from('{"text":"hello"}');
    for (const body of [text, deflate[coding](text).subarray(0, -4)]) {
      const answer = await post("/test/v1/echo", coding, body);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).error.details[0].fieldViolations).toEqual([
        { field: "body", description: `is not ${coding}` },
      ]);
    }
    const lines = await post("/test/v1/sum", coding, text, "application/x-ndjson");
    expect(lines.status).toBe(400);
  });

  test.each(["deflate", "gzip, br"])("415: the coding %s, and what there is", async (coding) => {
    const answer = await post("/test/v1/echo", coding, Buffer.from("{}"));
    expect([answer.status, answer.headers["accept-encoding"]]).toEqual([415, "gzip,br,zstd"]);
  });
});
