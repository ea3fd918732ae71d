import { createHash } from "node:crypto";
import { once } from "node:events";
import { get as http1Get, request as http1Request, type IncomingMessage } from "node:http";
import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOf } from "./lib/echo-backend.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { startTestEdge, type TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const message = (number: number) => ({ number, padding: "" });

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("server streams over %s", (_, send) => {
  const count = (query: string, accept?: string) =>
    send(edge.port, `/test/v1/count?${query}`, { headers: accept ? { accept } : {} });

  test("OK: a JSON array by default", async () => {
    const answer = await count("up_to=3", "*/*");
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"]);
    expect(JSON.parse(answer.body)).toEqual([1, 2, 3].map(message));
  });

  test("OK: one JSON text a line", async () => {
    const answer = await count("up_to=2", "application/x-ndjson");
    expect(answer.headers["content-type"]).toBe("application/x-ndjson");
    expect(answer.body).toBe('{"number":1,"padding":""}\n{"number":2,"padding":""}\n');
  });

  test("OK: events", async () => {
    const answer = await count("up_to=2", "text/event-stream, application/json;q=0.5");
    expect(answer.headers["content-type"]).toBe("text/event-stream");
    expect(answer.body).toBe(
      'retry: 3000\n\nid: 0\ndata: {"number":1,"padding":""}\n\nid: 1\ndata: {"number":2,"padding":""}\n\n',
    );
  });

  test("InvalidArgument: an error before the start has its status", async () => {
    expect((await count("up_to=x", "text/event-stream")).status).toBe(400);
  });

  test("OK: HEAD answers the stream's headers", async () => {
    const answer = await send(edge.port, "/test/v1/count?key=head", { method: "HEAD" });
    expect([answer.status, answer.body]).toEqual([200, ""]);
    await edge.happenings.cancelled("head");
  });

  test("OK: a client stream as one JSON text a line", async () => {
    const answer = await send(edge.port, "/test/v1/sum", {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: '{"number":1}\n\n{"number":2}\r\n{"number":3}',
    });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { sum: "6" }]);
  });

  test("InvalidArgument: a wrong line of a client stream", async () => {
    const answer = await send(edge.port, "/test/v1/sum", {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: '{"number":1}\n{"number":"x"}\n',
    });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error.details[0].fieldViolations[0].field).toBe("number");
  });

  test("OK: both streams of a call", async () => {
    const answer = await send(edge.port, "/test/v1/chat", {
      method: "POST",
      headers: { accept: "application/x-ndjson" },
      body: '{"text":"a"}\n{"text":"b"}\n',
    });
    expect(answer.body).toBe('{"text":"A"}\n{"text":"B"}\n');
  });

  test("OK: HEAD of a download answers its head and no byte", async () => {
    const answer = await send(edge.port, "/test/v1/downloads/1000000", {
      method: "HEAD",
      headers: { range: "bytes=0-9" },
    });
    expect([answer.status, answer.body]).toEqual([206, ""]);
    expect(answer.headers).toMatchObject({
      "content-length": "1000000",
      "content-type": "text/csv",
      etag: '"abc"',
      "x-range": "bytes=0-9",
    });
  });

  test("OK: a download of no bytes", async () => {
    const answer = await send(edge.port, "/test/v1/downloads/0");
    expect([answer.status, answer.headers["content-length"], answer.body]).toEqual([200, "0", ""]);
  });
});

const mebibyte = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("OK: 64 MiB come down byte for byte over HTTP/1.1", async () => {
  const total = 64 * mebibyte;
  const response = await fetch(`${edge.url}/test/v1/downloads/${total}`);
  expect(response.headers.get("content-length")).toBe(String(total));
  expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(contentOf(total)));
});

test("OK: 16 MiB come down byte for byte over HTTP/2", async () => {
  const session = connect(edge.url);
  const stream = session.request({ ":path": `/test/v1/downloads/${16 * mebibyte}` });
  expect(sha256(await buffer(stream))).toBe(sha256(contentOf(16 * mebibyte)));
  session.close();
});

test("Canceled: a reader that goes away cancels the backend's stream, over both versions", async () => {
  const request = http1Get(`${edge.url}/test/v1/count?key=gone1`, { agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  await once(response, "data");
  request.destroy();
  await edge.happenings.cancelled("gone1");

  const session = connect(edge.url);
  const stream = session.request({ ":path": "/test/v1/count?key=gone2" });
  await once(stream, "data");
  stream.close();
  await edge.happenings.cancelled("gone2");
  session.close();
});

test("Canceled: a caller that does not wait for the answer cancels the backend's work", async () => {
  const request = http1Request(`${edge.url}/test/v1/wait/gone3`, { agent: false }).end();
  request.on("error", () => undefined);
  await edge.happenings.begun("gone3");
  request.destroy();
  await edge.happenings.cancelled("gone3");
});

test("OK: a slow reader holds the backend back", async () => {
  const padding = 64 * 1024;
  const path = `/test/v1/count?key=slow&padding=${padding}`;
  const request = http1Get(edge.url + path, { agent: false, headers: { accept: "application/x-ndjson" } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  // Nothing is read, so sending has to stop.
  const atRest = await comesToRest(() => edge.happenings.sent("slow"));
  expect(atRest * padding).toBeLessThan(64 * mebibyte);
  await once(response, "data");
  request.destroy();
  await edge.happenings.cancelled("slow");
});

/** Waits until a number has not grown for many iterations of the event loop. */
async function comesToRest(number: () => number): Promise<number> {
  let [last, still] = [-1, 0];
  while (still < 2000) {
    await new Promise((resolve) => setImmediate(resolve));
    still = number() === last && last > 0 ? still + 1 : 0;
    last = number();
  }
  return last;
}
