import { once } from "node:events";
import { request as http1Request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { wrap } from "../../edge/codec/envelope.ts";
import { UploadRequestSchema, WaitRequestSchema } from "../../gen/sluice/test/v1/echo_pb.ts";
import { clockedLimiter, rateLimits } from "./lib/admission.ts";
import { http1, http2, http2On } from "./lib/raw-http.ts";
import { startTestEdge, type TestEdge, tokenOf } from "./lib/test-edge.ts";

async function startLimited(overrides: Parameters<typeof rateLimits>[0]): Promise<TestEdge> {
  const { limiter } = clockedLimiter();
  return startTestEdge({ admission: { limiter, limits: rateLimits(overrides) } });
}

const json = { "content-type": "application/json" };
const look = (edge: TestEdge) => http1(edge.port, "/test/v1/look/a");
const echo = (edge: TestEdge, headers: Record<string, string>) =>
  http1(edge.port, "/test/v1/echo", { method: "POST", headers: { ...json, ...headers }, body: "{}" });

/** Waits until all permits are released, and expects exactly two: a third concurrent call is refused. */
async function expectTwoPermits(edge: TestEdge): Promise<void> {
  await expect.poll(async () => (await look(edge)).status).toBe(200);
  const waiting = ["one", "two"].map((name) => {
    const key = `${name} ${Math.random()}`;
    const request = http1Request({
      port: edge.port,
      path: `/test/v1/wait/${encodeURIComponent(key)}`,
      agent: false,
    });
    request.on("error", () => undefined);
    request.end();
    return { request, begun: edge.happenings.begun(key) };
  });
  await Promise.all(waiting.map(({ begun }) => begun));
  expect((await look(edge)).status).toBe(429);
  for (const { request } of waiting) request.destroy();
  await expect.poll(async () => (await look(edge)).status).toBe(200);
}

const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

test("429: as many calls as there are places, and the next when one is given back", async () => {
  await using edge = await startLimited({ address: { callsMax: 2 } });
  await expectTwoPermits(edge);
  const first = http1Request({ port: edge.port, path: "/test/v1/wait/first", agent: false });
  const second = http1Request({ port: edge.port, path: "/test/v1/wait/second", agent: false });
  for (const request of [first, second]) request.on("error", () => undefined).end();
  await Promise.all([edge.happenings.begun("first"), edge.happenings.begun("second")]);
  const { status, headers, body } = await look(edge);
  expect([status, headers["retry-after"]]).toEqual([429, "1"]);
  expect(JSON.parse(body).error).toMatchObject({
    status: "RESOURCE_EXHAUSTED",
    message: "the address has as many calls on their way as it may: 2",
    details: [
      { reason: "CONCURRENCY_LIMIT_EXCEEDED", metadata: { of: "address", limit: "2" } },
      { retryDelay: "1s" },
    ],
  });
  first.destroy();
  await edge.happenings.cancelled("first");
  await expect.poll(async () => (await look(edge)).status).toBe(200);
  second.destroy();
});

test("OK: a place is given back once, whatever ends the call", async () => {
  await using edge = await startLimited({ address: { callsMax: 2 } });
  // Responses of every kind: OK, an error of the service, errors before the call, a path that does not bind.
  expect((await look(edge)).status).toBe(200);
  expect((await http2(edge.port, "/test/v1/look/a")).status).toBe(200);
  const fail = { method: "POST", headers: json, body: '{"code": 9}' };
  expect((await http1(edge.port, "/test/v1/fail", fail)).status).toBe(400);
  expect((await http1(edge.port, "/test/v1/fail", { ...fail, body: "{" })).status).toBe(400);
  expect((await http1(edge.port, "/test/v1/look/a?nothing=1")).status).toBe(400);
  expect((await echo(edge, { authorization: "Bearer wrong" })).status).toBe(401);
  await expectTwoPermits(edge);
});

test("OK: a stream over HTTP/2 holds its place until it is reset, and its connection's end gives all back", async () => {
  await using edge = await startLimited({ address: { callsMax: 2 } });
  const session = connectHttp2(edge.url);
  session.on("error", () => undefined);
  const open = async (key: string) => {
    const path = "/sluice.test.v1.EchoService/Wait";
    const stream = session.request({ ...grpc, ":path": path });
    stream.on("error", () => undefined);
    stream.end(wrap(0, toBinary(WaitRequestSchema, create(WaitRequestSchema, { key }))));
    await edge.happenings.begun(key);
    return stream;
  };
  const [one] = [await open("h2 one"), await open("h2 two")];
  expect((await http2On(session, "/test/v1/look/a")).status).toBe(429);
  one.close(8);
  await expect.poll(async () => (await http2On(session, "/test/v1/look/a")).status).toBe(200);
  await open("h2 three");
  expect((await look(edge)).status).toBe(429);
  session.destroy();
  await expectTwoPermits(edge);
});

test("OK: a server stream holds its place while it is read, and gives it back when its reader is killed", async () => {
  await using edge = await startLimited({ address: { callsMax: 2 } });
  const readers = ["a", "b"].map((key) => {
    const socket = connect(edge.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`GET /test/v1/count?key=${key} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return { key, socket };
  });
  await Promise.all(readers.map(({ key }) => edge.happenings.begun(key)));
  expect((await look(edge)).status).toBe(429);
  for (const { socket } of readers) socket.resetAndDestroy();
  await expectTwoPermits(edge);
});

test("OK: requests that wait behind another on their connection give their places back with it", async () => {
  await using edge = await startLimited({ address: { callsMax: 2 } });
  const socket = connect(edge.port, "127.0.0.1");
  socket.on("error", () => undefined);
  const wait = (key: string, header = "") => `GET /test/v1/wait/${key} HTTP/1.1\r\nHost: x\r\n${header}\r\n`;
  // The second starts when the first has ended, at its deadline.
  socket.write(wait("pipelined-1", "Grpc-Timeout: 1S\r\n") + wait("pipelined-2"));
  const keys = ["pipelined-1", "pipelined-2"];
  await Promise.all(keys.map((key) => edge.happenings.begun(key)));
  socket.resetAndDestroy();
  await Promise.all(keys.map((key) => edge.happenings.cancelled(key)));
  await expectTwoPermits(edge);
});

test("OK: a caller that half closes ends its call, and its place is given back", async () => {
  await using edge = await startLimited({ address: { callsMax: 1 } });
  const socket = connect({ port: edge.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.resume().end("GET /test/v1/wait/half HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(socket, "close");
  await expect.poll(async () => (await look(edge)).status).toBe(200);
});

test("429: an upload holds places of its user and organisation, and is refused before its body is read", async () => {
  await using edge = await startLimited({ user: { callsMax: 1 }, org: { callsMax: 2 } });
  const upload = (user: string) => {
    const request = http1Request({
      port: edge.port,
      path: "/test/v1/uploads?name=x",
      method: "POST",
      agent: false,
      headers: { ...tokenOf("o", user), expect: "100-continue", "transfer-encoding": "chunked" },
    });
    request.on("error", () => undefined);
    request.flushHeaders();
    return request;
  };
  const first = upload("u");
  first.write(Buffer.alloc(2 ** 20));
  await edge.happenings.begun("upload");
  const refused = await echo(edge, tokenOf("o", "u"));
  expect([refused.status, JSON.parse(refused.body).error.details[0].metadata.of]).toEqual([429, "user"]);
  const second = upload("v");
  second.write(Buffer.alloc(2 ** 21));
  await expect.poll(() => edge.happenings.sent("upload")).toBeGreaterThan(2 ** 20);
  expect((await echo(edge, tokenOf("o", "w"))).status).toBe(429);
  const third = upload("w");
  const [response] = await once(third, "response");
  expect(response.statusCode).toBe(429);
  third.destroy();
  expect((await echo(edge, tokenOf("p", "u"))).status).toBe(200);
  first.destroy();
  second.destroy();
  await expect.poll(async () => (await echo(edge, tokenOf("o", "u"))).status).toBe(200);
  await expect.poll(async () => (await echo(edge, tokenOf("o", "v"))).status).toBe(200);
});

test("OK: a client stream of gRPC holds its place, and an error before its first message gives it back", async () => {
  await using edge = await startLimited({ user: { callsMax: 1 } });
  const session = connectHttp2(edge.url);
  const open = () => {
    const path = "/sluice.test.v1.EchoService/Upload";
    const stream = session.request({ ...grpc, ...tokenOf("o", "u"), ":path": path });
    stream.on("error", () => undefined);
    return stream;
  };
  const broken = open();
  broken.resume().end(Buffer.from([7, 0, 0, 0, 0]));
  const [trailers] = await once(broken, "trailers");
  expect(trailers["grpc-status"]).toBe("3");
  await expect.poll(async () => (await echo(edge, tokenOf("o", "u"))).status).toBe(200);
  const stream = open();
  stream.write(wrap(0, toBinary(UploadRequestSchema, create(UploadRequestSchema))));
  await edge.happenings.begun("upload");
  expect((await echo(edge, tokenOf("o", "u"))).status).toBe(429);
  stream.close(8);
  await expect.poll(async () => (await echo(edge, tokenOf("o", "u"))).status).toBe(200);
  session.destroy();
});
