import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { toHeaders } from "../../../edge/http2-client/raw-headers.ts";
import { connectTo, type Exchange, request } from "./lib/exchange.ts";

// Node's server is the peer: an independent implementation of the protocol and of header compression.

const kib = 1024;
const mib = 1024 * kib;

type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

async function startServer(serve: Serve, settings: Settings = {}) {
  const server: Http2Server = createServer({ settings, maxSessionMemory: 1_000 });
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    serve(stream, headers);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Echoes the body and the headers that begin with `x-`, and sends the number of bytes in a trailer. */
const echo: Serve = (stream, headers) => {
  const own = Object.entries(headers).filter(([name]) => name.startsWith("x-"));
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
  });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-bytes": String(bytes) }));
  stream.respond({ ":status": 200, ...Object.fromEntries(own) }, { waitForTrailers: true });
  stream.pipe(stream);
};

test("OK: headers, content and trailers come as they were sent", async () => {
  await using server = await startServer(echo);
  using connection = connectTo(server.port);
  const { stream, answer } = request(connection.http2, { "x-one": "1", "x-two": "\xe4\xff" });
  stream.end(Buffer.from("hello"));
  const { headers, body, trailers, code } = await answer;
  expect(toHeaders(headers)).toMatchObject({ ":status": "200", "x-one": "1", "x-two": "\xe4\xff" });
  expect([body.toString(), trailers, code]).toEqual(["hello", ["x-bytes", "5"], constants.NGHTTP2_NO_ERROR]);
});

test("OK: hundreds of requests at once, each with headers of its own", async () => {
  await using server = await startServer(echo);
  using connection = connectTo(server.port);
  const texts = Array.from({ length: 500 }, (_, at) => randomBytes(1 + (at % 60)).toString("base64"));
  const answers = texts.map((text, at) => {
    const { stream, answer } = request(connection.http2, { "x-text": text, [`x-${at % 70}`]: `${at}` });
    stream.end(Buffer.from(text));
    return answer;
  });
  for (const [at, { headers, body }] of (await Promise.all(answers)).entries()) {
    expect(toHeaders(headers)).toMatchObject({ "x-text": texts[at], [`x-${at % 70}`]: `${at}` });
    expect(body.toString()).toBe(texts[at]);
  }
});

test("OK: headers of several frames, both ways", async () => {
  await using server = await startServer(echo, { maxHeaderListSize: 128 * kib });
  using connection = connectTo(server.port);
  const long = { "x-long": "a".repeat(20_000), "x-longer": "~".repeat(30_000) };
  const { stream, answer } = request(connection.http2, long);
  stream.end();
  expect(toHeaders((await answer).headers)).toMatchObject(long);
});

test("OK: 16 MiB go both ways at once, byte by byte the same", async () => {
  await using server = await startServer(echo);
  using connection = connectTo(server.port);
  const content = randomBytes(16 * mib);
  const { stream, answer } = request(connection.http2);
  let hasWaited = false;
  for (let at = 0; at < content.byteLength; at += 100 * kib) {
    const room = stream.write(content.subarray(at, at + 100 * kib));
    hasWaited ||= room !== undefined;
    await room;
  }
  stream.end();
  expect(content.equals((await answer).body)).toBe(true);
  expect(hasWaited).toBe(true);
});

test("OK: streams with content share the connection's window", async () => {
  await using server = await startServer(echo);
  using connection = connectTo(server.port);
  const content = randomBytes(mib);
  const answers = Array.from({ length: 8 }, () => {
    const { stream, answer } = request(connection.http2);
    stream.end(content);
    return answer;
  });
  for (const { body } of await Promise.all(answers)) expect(content.equals(body)).toBe(true);
});

test("OK: a window that the server changes holds for streams that have begun", async () => {
  await using server = await startServer((stream) => {
    stream.session?.settings({ initialWindowSize: 10 * mib }, () => echo(stream, {}));
  });
  using connection = connectTo(server.port);
  const content = randomBytes(2 * mib);
  const { stream, answer } = request(connection.http2);
  stream.end(content);
  expect(content.equals((await answer).body)).toBe(true);
});

const firstWindowBytes = 65_535;
const windowBytesMax = 4 * mib;

/** Consumes the first `bytes` of a stream. */
async function readUntil({ stream, received }: Exchange, bytes: number): Promise<void> {
  let credited = 0;
  const creditUntil = () => {
    const due = Math.min(received(), bytes) - credited;
    stream.credit(due);
    credited += due;
    return credited;
  };
  await expect.poll(creditUntil, { interval: 1, timeout: 30_000 }).toBe(bytes);
}

function answerWith(bytes: number): Serve {
  const content = Buffer.alloc(bytes);
  return (stream) => {
    stream.respond({ ":status": 200 });
    stream.end(content);
  };
}

test("OK: what is not credited does not come, and the other streams' content does", async () => {
  await using server = await startServer(answerWith(5 * mib));
  using connection = connectTo(server.port);
  const held = Array.from({ length: 100 }, () => request(connection.http2, {}, { holds: true }));
  await expect
    .poll(() => held.map(({ received }) => received()), { timeout: 30_000 })
    .toEqual(held.map(() => firstWindowBytes));
  for (let call = 0; call < 20; call += 1) {
    const { body } = await request(connection.http2).answer;
    expect(body.byteLength).toBe(5 * mib);
  }
  expect(held.map(({ received }) => received())).toEqual(held.map(() => firstWindowBytes));
  const [first] = held;
  if (first) await readUntil(first, 5 * mib);
});

test("OK: a stream's window grows while it is read, up to 4 MiB", async () => {
  await using server = await startServer(answerWith(32 * mib));
  using connection = connectTo(server.port);
  const exchange = request(connection.http2, {}, { holds: true });
  await readUntil(exchange, 16 * mib);
  await expect.poll(exchange.received, { timeout: 30_000 }).toBeGreaterThan(18 * mib);
  // The last credit may be too small for a window update.
  expect(exchange.received()).toBeLessThanOrEqual(16 * mib + windowBytesMax);
});

test("OK: readers that no longer keep up hold so much in memory, and nobody else's answer", async () => {
  await using server = await startServer(answerWith(12 * mib));
  using connection = connectTo(server.port);
  const held = Array.from({ length: 40 }, () => request(connection.http2, {}, { holds: true }));
  await Promise.all(held.map((exchange) => readUntil(exchange, 6 * mib)));
  const heldBytes = () => held.reduce((sum, { received }) => sum + received() - 6 * mib, 0);
  for (let call = 0; call < 20; call += 1) {
    const { body } = await request(connection.http2).answer;
    expect(body.byteLength).toBe(12 * mib);
  }
  expect(heldBytes()).toBeGreaterThan(16 * mib);
  expect(heldBytes()).toBeLessThanOrEqual(64 * mib + held.length * firstWindowBytes);
  for (const { stream } of held) stream.cancel();
  const next = request(connection.http2, {}, { holds: true });
  await readUntil(next, 6 * mib);
  await expect.poll(next.received, { timeout: 30_000 }).toBeGreaterThan(8 * mib);
});

test("OK: a server that names no number of streams bears all of them", async () => {
  const begun: ServerHttp2Stream[] = [];
  await using server = await startServer((stream) => begun.push(stream));
  using connection = connectTo(server.port);
  for (let call = 0; call < 300; call += 1) request(connection.http2).stream.end();
  await expect.poll(() => begun.length).toBe(300);
});

test("OK: no more streams at a time than the server bears, and the others in their turn", async () => {
  let open = 0;
  let most = 0;
  await using server = await startServer(
    (stream) => {
      open += 1;
      most = Math.max(most, open);
      stream.on("close", () => {
        open -= 1;
      });
      stream.respond({ ":status": 200 });
      stream.resume().on("end", () => stream.end());
    },
    { maxConcurrentStreams: 3 },
  );
  using connection = connectTo(server.port);
  // The limit is known after the server's SETTINGS.
  const first = request(connection.http2);
  first.stream.end();
  await first.answer;
  const answers = Array.from({ length: 20 }, () => {
    const { stream, answer } = request(connection.http2);
    stream.end(Buffer.from("x"));
    return answer;
  });
  expect((await Promise.all(answers)).map(({ code }) => code)).toEqual(answers.map(() => 0));
  expect(most).toBe(3);
});

test("OK: a request that waits for its turn can be cancelled, and another takes it", async () => {
  const paths: unknown[] = [];
  let release: () => void = () => undefined;
  await using server = await startServer(
    (stream, headers) => {
      paths.push(headers[":path"]);
      const answer = () => stream.respond({ ":status": 200 }, { endStream: true });
      if (headers[":path"] === "/first") release = answer;
      else answer();
    },
    { maxConcurrentStreams: 1 },
  );
  using connection = connectTo(server.port);
  await request(connection.http2, { ":path": "/settings" }).answer;
  const first = request(connection.http2, { ":path": "/first" });
  const second = request(connection.http2, { ":path": "/second" });
  const third = request(connection.http2, { ":path": "/third" });
  second.stream.cancel();
  await expect.poll(() => paths).toContain("/first");
  release();
  await Promise.all([first.answer, third.answer]);
  expect(paths).toEqual(["/settings", "/first", "/third"]);
});

test("OK: an answer that comes before all was sent is whole, and the rest is not sent", async () => {
  const reset = Promise.withResolvers<number | undefined>();
  await using server = await startServer((stream) => {
    stream.on("close", () => reset.resolve(stream.rstCode));
    stream.respond({ ":status": 200 });
    stream.end("enough");
  });
  using connection = connectTo(server.port);
  const { stream, answer } = request(connection.http2);
  stream.write(Buffer.alloc(kib));
  const { body, code } = await answer;
  expect([body.toString(), code]).toEqual(["enough", constants.NGHTTP2_NO_ERROR]);
  expect(stream.write(Buffer.alloc(mib))).toBeUndefined();
  expect(await reset.promise).toBe(constants.NGHTTP2_NO_ERROR);
});

test("OK: what comes before an answer is passed over", async () => {
  await using server = await startServer((stream) => {
    stream.additionalHeaders({ ":status": 103, link: "</style>; rel=preload" });
    stream.respond({ ":status": 200 }, { endStream: true });
  });
  using connection = connectTo(server.port);
  const { headers } = await request(connection.http2).answer;
  expect(headers.slice(0, 2)).toEqual([":status", "200"]);
});

test("CANCEL: the server is told, and who listens hears no more", async () => {
  const closed = Promise.withResolvers<number | undefined>();
  await using server = await startServer((stream) => {
    stream.on("close", () => closed.resolve(stream.rstCode));
    stream.respond({ ":status": 200 });
  });
  using connection = connectTo(server.port);
  const { stream, headers } = request(connection.http2);
  await headers;
  stream.cancel();
  expect(await closed.promise).toBe(constants.NGHTTP2_CANCEL);
});

test.each([
  ["REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM],
  ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR],
])("%s: a stream ends with the server's word", async (_, code) => {
  await using server = await startServer((stream) => stream.close(code));
  using connection = connectTo(server.port);
  expect((await request(connection.http2).answer).code).toBe(code);
});

test("REFUSED_STREAM: a GOAWAY refuses what it does not name, and what it names goes on", async () => {
  const begun = Promise.withResolvers<ServerHttp2Stream>();
  await using server = await startServer((stream) => begun.resolve(stream));
  using connection = connectTo(server.port);
  const named = request(connection.http2);
  const stream = await begun.promise;
  const notNamed = request(connection.http2);
  stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id);
  await connection.goaway;
  expect((await notNamed.answer).code).toBe(constants.NGHTTP2_REFUSED_STREAM);
  expect(connection.http2.isOpen()).toBe(false);
  stream.respond({ ":status": 200 }, { endStream: true });
  expect((await named.answer).code).toBe(constants.NGHTTP2_NO_ERROR);
  await connection.closed;
});

test("OK: a connection that is closed ends when its last request has", async () => {
  const begun = Promise.withResolvers<ServerHttp2Stream>();
  await using server = await startServer((stream) => begun.resolve(stream));
  using connection = connectTo(server.port);
  const { answer } = request(connection.http2);
  const stream = await begun.promise;
  connection.http2.close();
  expect(() => request(connection.http2)).toThrow("takes no requests");
  stream.respond({ ":status": 200 }, { endStream: true });
  expect((await answer).code).toBe(constants.NGHTTP2_NO_ERROR);
  await connection.closed;
});

test("INTERNAL_ERROR: a connection that breaks ends what runs, and who waits for room", async () => {
  const begun = Promise.withResolvers<ServerHttp2Stream>();
  await using server = await startServer((stream) => begun.resolve(stream));
  using connection = connectTo(server.port);
  const { stream, answer } = request(connection.http2);
  const room = stream.write(Buffer.alloc(mib));
  (await begun.promise).session?.destroy();
  expect((await answer).code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  await room;
  await connection.closed;
  expect(connection.http2.isOpen()).toBe(false);
});

test("OK: a ping is answered, whoever asks", async () => {
  await using server = await startServer(echo);
  using connection = connectTo(server.port);
  await new Promise<void>((resolve) => connection.http2.ping(resolve));
  const answered = Promise.withResolvers<void>();
  server.sessions[0]?.ping(() => answered.resolve());
  await answered.promise;
});
