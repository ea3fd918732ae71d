import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as http1Request } from "node:http";
import { connect } from "node:http2";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOf } from "./lib/echo-backend.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { bearer, startTestEdge, type TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const path = "/test/v1/uploads";
const mebibyte = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

type Part = { name: string; fileName?: string; type?: string; content: string | Uint8Array };

function form(parts: Part[], end = "--limit--\r\n") {
  const chunks = parts.flatMap(({ name, fileName, type, content }) => [
    Buffer.from(
      `--limit\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? "" : `; filename="${fileName}"`}\r\n` +
        `${type ? `Content-Type: ${type}\r\n` : ""}\r\n`,
    ),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  return {
    method: "POST",
    headers: { ...bearer, "content-type": "multipart/form-data; boundary=limit" },
    body: Buffer.concat([...chunks, Buffer.from(end)]),
  };
}

const file = { name: "file", fileName: "a.csv", type: "text/csv", content: "x,y\n1,2\n" };

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  const violation = ({ body }: RawResponse) => JSON.parse(body).error.details[0].fieldViolations[0];

  test("OK: a form's file, with its name and type", async () => {
    const answer = await send(edge.port, path, form([file]));
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.body)).toEqual({
      header: { name: "a.csv", contentType: "text/csv", sha256: "" },
      bytes: "8",
      sha256: sha256(Buffer.from(file.content)),
      largestChunk: 8,
      chunks: 1,
    });
  });

  test.each([
    ["q%22uote.csv", 'q"uote.csv'],
    ["100%25.csv", "100%25.csv"],
    ["a%2Fb%0d.csv", "a%2Fb\r.csv"],
    ["größe.csv", "größe.csv"],
  ])("OK: the file name %j of a form is %j", async (fileName, name) => {
    const answer = await send(edge.port, path, form([{ ...file, fileName }]));
    expect(JSON.parse(answer.body).header.name).toBe(name);
  });

  test("OK: a name in RFC 5987's form is decoded once", async () => {
    const named = form([{ ...file, fileName: "a" }]);
    const body = named.body.toString("latin1").replace('filename="a"', "filename*=UTF-8''a%2522b.csv");
    const answer = await send(edge.port, path, { ...named, body: Buffer.from(body, "latin1") });
    expect(JSON.parse(answer.body).header.name).toBe("a%22b.csv");
  });

  test.each([
    ["none", {}, ""],
    ["text/plain", { type: "text/plain" }, "text/plain"],
    ["text/plain, with a charset", { type: "text/plain; charset=utf-8" }, "text/plain"],
  ])("OK: of a part with the media type %s", async (_title, type, contentType) => {
    const parts = [
      { name: "sha256", content: "abc" },
      { name: "file", fileName: "x.parquet", content: "x", ...type },
    ];
    const answer = await send(edge.port, path, form(parts));
    expect(JSON.parse(answer.body).header.contentType).toBe(contentType);
  });

  test("OK: fields before the file, and the query, set fields of the header", async () => {
    const parts = [{ name: "sha256", content: "abc" }, { name: "contentType", content: "text/x" }, file];
    const answer = await send(edge.port, `${path}?name=other.csv`, form(parts));
    expect(JSON.parse(answer.body).header).toEqual({
      name: "other.csv",
      contentType: "text/x",
      sha256: "abc",
    });
  });

  test("OK: a raw body, named by the query", async () => {
    const answer = await send(edge.port, `${path}?name=b.bin`, {
      method: "POST",
      headers: { ...bearer, "content-type": "image/png", "content-length": "5" },
      body: "bytes",
    });
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.body)).toMatchObject({
      header: { name: "b.bin", contentType: "image/png", sizeBytes: "5" },
      bytes: "5",
      sha256: sha256(Buffer.from("bytes")),
    });
  });

  test("OK: the type that clients send for want of a better one is left out", async () => {
    const answer = await send(edge.port, `${path}?name=b.bin`, {
      method: "POST",
      headers: { ...bearer, "content-type": "application/x-www-form-urlencoded" },
      body: "bytes",
    });
    expect(JSON.parse(answer.body).header.contentType).toBe("");
  });

  test("OK: an empty file", async () => {
    const answer = await send(edge.port, path, form([{ ...file, content: "" }]));
    expect(JSON.parse(answer.body)).toMatchObject({ bytes: "0", chunks: 0 });
  });

  test("OK: a name with folders in it is passed on for the service to refuse", async () => {
    const answer = await send(edge.port, path, form([{ ...file, fileName: "../../etc/passwd" }]));
    expect(JSON.parse(answer.body).header.name).toBe("../../etc/passwd");
  });

  test.each<[string, Part[], string]>([
    ["no file", [{ name: "sha256", content: "abc" }], "file"],
    ["an empty form", [], "file"],
    ["another file", [{ ...file, name: "other" }], "other"],
    ["two files", [file, file], "file"],
    ["an unknown field", [{ name: "nothing", content: "1" }, file], "nothing"],
    ["a field after the file", [file, { name: "sha256", content: "abc" }], "sha256"],
    [
      "a field twice",
      [{ name: "sha256", content: "a" }, { name: "sha256", content: "b" }, file],
      "header.sha256",
    ],
    ["a wrong field", [{ name: "size_bytes", content: "many" }, file], "header.size_bytes"],
  ])("InvalidArgument: a form with %s", async (_what, parts, field) => {
    const answer = await send(edge.port, path, form(parts));
    expect([answer.status, violation(answer).field]).toEqual([400, field]);
  });

  test("InvalidArgument: a form that ends early", async () => {
    const answer = await send(edge.port, path, form([file], ""));
    expect([answer.status, violation(answer).field]).toEqual([400, "body"]);
  });

  test("InvalidArgument: a form without a boundary", async () => {
    const headers = { ...bearer, "content-type": "multipart/form-data" };
    const answer = await send(edge.port, path, { method: "POST", headers, body: "x" });
    expect([answer.status, violation(answer).field]).toEqual([400, "body"]);
  });

  test("InvalidArgument: an unknown query parameter", async () => {
    const answer = await send(edge.port, `${path}?nothing=1`, form([file]));
    expect([answer.status, violation(answer).field]).toEqual([400, "nothing"]);
  });

  test("Unauthenticated: before the bytes have come", async () => {
    const answer = await send(edge.port, path, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: Buffer.alloc(8 * mebibyte),
    });
    expect(answer.status).toBe(401);
  });
});

/** A body of `total` bytes that is generated while it is read. */
function* content(total: number): Generator<Uint8Array> {
  const chunk = contentOf(mebibyte);
  for (let at = 0; at < total; at += chunk.byteLength)
    yield chunk.subarray(0, Math.min(chunk.byteLength, total - at));
}

function sha256Of(total: number): string {
  const hash = createHash("sha256");
  for (const chunk of content(total)) hash.update(chunk);
  return hash.digest("hex");
}

const large = 64 * mebibyte;

test("OK: 64 MiB in a form arrive byte for byte, in messages of at most 1 MiB", async () => {
  const request = http1Request(edge.url + path, {
    method: "POST",
    agent: false,
    headers: { ...bearer, "content-type": "multipart/form-data; boundary=limit" },
  });
  const whole = form([{ ...file, content: "" }]).body;
  const tail = Buffer.from("\r\n--limit--\r\n");
  Readable.from([whole.subarray(0, -tail.length), ...content(large), tail]).pipe(request);
  const [response] = await once(request, "response");
  const answer = (await json(response)) as Record<string, unknown>;
  expect(answer).toMatchObject({ bytes: String(large), sha256: sha256Of(large) });
  expect(answer.largestChunk).toBeLessThanOrEqual(mebibyte);
  expect(answer.chunks).toBeLessThanOrEqual(large / (256 * 1024));
});

test("OK: 64 MiB as a raw body over HTTP/2 arrive byte for byte", async () => {
  const session = connect(edge.url);
  const stream = session.request({ ":path": `${path}?name=x`, ":method": "POST", ...bearer });
  Readable.from(content(large)).pipe(stream);
  expect(await json(stream)).toMatchObject({ bytes: String(large), sha256: sha256Of(large) });
  session.close();
});

test("OK: a large upload is taken no faster than the backend takes it: little is on its way at any time", async () => {
  await using fresh = await startTestEdge();
  const total = 128 * mebibyte;
  let [sent, most] = [0, 0];
  function* watched() {
    for (const chunk of content(total)) {
      sent += chunk.byteLength;
      most = Math.max(most, sent - fresh.happenings.sent("upload"));
      yield chunk;
    }
  }
  const request = http1Request(`${fresh.url}${path}?name=x`, {
    method: "POST",
    agent: false,
    headers: bearer,
  });
  Readable.from(watched()).pipe(request);
  const [response] = await once(request, "response");
  expect(await json(response)).toMatchObject({ bytes: String(total) });
  expect(most).toBeLessThan(32 * mebibyte);
});

test("Canceled: a sender that goes away cancels the backend's work", async () => {
  await using fresh = await startTestEdge();
  const request = http1Request(`${fresh.url}${path}?name=x`, {
    method: "POST",
    agent: false,
    headers: bearer,
  });
  request.on("error", () => undefined);
  request.write(Buffer.alloc(mebibyte));
  await fresh.happenings.begun("upload");
  request.destroy();
  await fresh.happenings.cancelled("upload");
});
