import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectSocket } from "node:net";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { expect, test } from "vitest";
import { startServer } from "../../edge/listen/server.ts";
import { http1, http2, http2On, rawBytes } from "./lib/raw-http.ts";
import { bearer, startTestEdge } from "./lib/test-edge.ts";

test("OK: HTTP/1.1 and HTTP/2 answer on the same port", async () => {
  await using edge = await startTestEdge();
  expect((await http1(edge.port, "/health")).status).toBe(200);
  expect((await http2(edge.port, "/health")).status).toBe(200);
});

test("OK: the first bytes may come one by one", async () => {
  await using edge = await startTestEdge();
  expect(
    await rawBytes(edge.port, ..."GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
  ).toMatch(/^HTTP\/1\.1 200 OK/);
  // The first byte equals that of the preface.
  const put = "PUT /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  expect(await rawBytes(edge.port, ...put)).toMatch(/^HTTP\/1\.1 405 /);
});

test("OK: requests may follow each other without waiting", async () => {
  await using edge = await startTestEdge();
  const one = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  const last = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const answers = await rawBytes(edge.port, one + one + last);
  expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
});

test("OK: a body whose chunks have all come while its caller was verified is read whole", async () => {
  await using edge = await startTestEdge();
  const head = [
    "POST /test/v1/echo HTTP/1.1",
    "Host: x",
    "Connection: close",
    "Content-Type: application/json",
    `Authorization: ${bearer.authorization}`,
    "Transfer-Encoding: chunked",
  ].join("\r\n");
  const answer = await rawBytes(
    edge.port,
    `${head}\r\n\r\n9\r\n{"text":"\r\n3\r\nall\r\n2\r\n"}\r\n0\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain('"text":"all"');
});

test.each([
  [
    "431: headers over 16 KiB",
    `GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`,
    431,
  ],
  ["400: no Host", "GET /health HTTP/1.1\r\n\r\n", 400],
  [
    "400: length and chunks at once",
    "POST /test/v1/fail HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
  ],
  [
    "400: two lengths",
    "POST /test/v1/fail HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    400,
  ],
  ["400: no HTTP", "hello\r\n\r\n", 400],
])("%s", async (_, bytes, status) => {
  await using edge = await startTestEdge();
  expect(await rawBytes(edge.port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test("400: without Host the connection ends with the response, as after any malformed head", async () => {
  await using edge = await startTestEdge();
  expect(await rawBytes(edge.port, "GET /health HTTP/1.1\r\n\r\n")).toMatch(/^connection: close\r$/im);
});

test("OK: what no RPC framework expects does not end the process", async () => {
  await using edge = await startTestEdge();
  const path = "/sluice.test.v1.EchoService/Look";
  const body = "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  expect(await rawBytes(edge.port, `POST ${path} HTTP/1.0\r\n${body}`)).toMatch(/^HTTP\/1\.1 400 /);
  expect(await rawBytes(edge.port, `POST ${path} HTTP/1.1\r\nHost: [\r\n${body}`)).toMatch(
    /^HTTP\/1\.1 400 /,
  );
  expect(
    await rawBytes(edge.port, "GET http://x/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
  ).toMatch(/^HTTP\/1\.1 404 /);
  expect(await rawBytes(edge.port, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")).toBeDefined();
  expect((await http1(edge.port, "/health")).status).toBe(200);
});

test("OK: an answer before the end of the body does not reset the connection of a caller that still sends", async () => {
  await using edge = await startTestEdge();
  const body = Buffer.alloc(1024 * 1024, "x");
  const socket = connectSocket(edge.port, "127.0.0.1");
  const errors: Error[] = [];
  socket.on("error", (error) => errors.push(error));
  const head = `POST /test/v1/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${3 * body.length}\r\n\r\n`;
  socket.write(head);
  const [answer] = await once(socket, "data");
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
  for (let sent = 0; sent < 3; sent += 1) {
    await new Promise((resolve) => socket.write(body, resolve));
  }
  await once(socket, "close");
  expect(errors).toEqual([]);
});

test("OK: a stop lets running requests end, tells both versions, and does not wait for idle connections", async () => {
  const release = Promise.withResolvers<void>();
  const begun = { count: 0, all: Promise.withResolvers<void>() };
  const stack = new AsyncDisposableStack();
  const server = stack.use(
    await startServer({
      log: pino({ level: "silent" }),
      host: "127.0.0.1",
      port: 0,
      listener: async (request, response) => {
        if (request.url === "/slow") {
          begun.count += 1;
          if (begun.count === 2) begun.all.resolve();
          await release.promise;
        }
        response.end("done");
      },
    }),
  );
  const port = Number(new URL(server.address).port);
  const agent = new Agent({ keepAlive: true });
  const [idle] = (await once(get({ port, path: "/", agent }), "response")) as [IncomingMessage];
  await text(idle);
  const silent = connectSocket(port, "127.0.0.1");
  await once(silent, "connect");
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const goaway = once(session, "goaway");
  const slow = [http1(port, "/slow"), http2On(session, "/slow")];
  await begun.all.promise;

  const stopped = stack.disposeAsync();
  await goaway;
  await once(silent, "close");
  await expect(http1(port, "/")).rejects.toThrow(/ECONNREFUSED/);
  release.resolve();
  const [one, two] = await Promise.all(slow);
  expect([one?.status, one?.body, one?.headers.connection]).toEqual([200, "done", "close"]);
  expect([two?.status, two?.body]).toEqual([200, "done"]);
  await stopped;
});

test("OK: a stop waits for a while only", async () => {
  const begun = Promise.withResolvers<void>();
  const server = await startServer({
    log: pino({ level: "silent" }),
    host: "127.0.0.1",
    port: 0,
    drainMs: 50,
    listener: () => begun.resolve(),
  });
  const hanging = http1(Number(new URL(server.address).port), "/").catch((error: Error) => error.message);
  await begun.promise;
  await server[Symbol.asyncDispose]();
  expect(await hanging).toBe("socket hang up");
});
