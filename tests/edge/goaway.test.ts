import { once } from "node:events";
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { wrap } from "../../edge/codec/envelope.ts";
import { WriteResponseSchema } from "../../gen/sluice/test/v1/resilience_pb.ts";
import { startEdgeBefore } from "./lib/resilience.ts";

// What an HTTP/2 server can say about calls that it did not begin with, and about those that it did.

type Serve = (stream: ServerHttp2Stream, session: ServerHttp2Session, call: number) => void;

const answer = (stream: ServerHttp2Stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(wrap(0, toBinary(WriteResponseSchema, create(WriteResponseSchema, { server: "raw" }))));
};

/** A server that is asked for no health, and does with the calls what it is given to do. */
async function startRaw(serve: Serve): Promise<AsyncDisposable & { address: string; sessions(): number }> {
  const server: Http2Server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  let opened = 0;
  let calls = 0;
  server.on("session", (session) => {
    opened += 1;
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.resume();
    stream.on("error", () => undefined);
    if (headers[":path"]?.includes("Health")) {
      stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true });
      return;
    }
    calls += 1;
    serve(stream, stream.session as ServerHttp2Session, calls);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions: () => opened,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const write = async (url: string) => {
  const response = await fetch(`${url}/test/v1/resilience`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  return [response.status, ((await response.json()) as { server?: string }).server];
};

test("OK: a call that the server refused is made again, although it may not be made twice", async () => {
  let served = 0;
  await using raw = await startRaw((stream, _, call) => {
    if (call === 1) stream.close(7);
    else {
      served += 1;
      answer(stream);
    }
  });
  await using edge = await startEdgeBefore([raw.address]);
  expect(await write(edge.url)).toEqual([200, "raw"]);
  expect(served).toBe(1);
});

test("OK: a call that a GOAWAY leaves out is made again on another connection", async () => {
  await using raw = await startRaw((stream, session, call) => {
    // The watch of its health was the first stream, and the last that it has begun with.
    if (call === 1) session.goaway(0, 1);
    else answer(stream);
  });
  await using edge = await startEdgeBefore([raw.address]);
  expect(await write(edge.url)).toEqual([200, "raw"]);
  expect(raw.sessions()).toBe(2);
});

test("OK: a call that has begun ends on the old connection while new ones go to a new one", async () => {
  const begun = Promise.withResolvers<ServerHttp2Stream>();
  await using raw = await startRaw((stream, session, call) => {
    if (call > 1) answer(stream);
    else {
      session.goaway(0, stream.id);
      begun.resolve(stream);
    }
  });
  await using edge = await startEdgeBefore([raw.address]);
  const first = write(edge.url);
  const stream = await begun.promise;
  await expect.poll(() => write(edge.url)).toEqual([200, "raw"]);
  answer(stream);
  expect(await first).toEqual([200, "raw"]);
  expect(raw.sessions()).toBe(2);
});

test("Unavailable: a call that breaks off is not made again when it may have had its effect", async () => {
  let calls = 0;
  await using raw = await startRaw((stream) => {
    calls += 1;
    stream.close(2);
  });
  await using edge = await startEdgeBefore([raw.address]);
  expect((await write(edge.url))[0]).toBe(503);
  expect(calls).toBe(1);
});

test("Unavailable: a server that refuses every call is not asked for ever", async () => {
  let calls = 0;
  await using raw = await startRaw((stream) => {
    calls += 1;
    stream.close(7);
  });
  await using edge = await startEdgeBefore([raw.address]);
  expect((await write(edge.url))[0]).toBe(503);
  expect(calls).toBeLessThan(6);
});

const read = async (url: string, suffix = "") => {
  const response = await fetch(`${url}/test/v1/resilience/k${suffix}`);
  await response.text();
  return response.status;
};

/** Says, in trailers alone, that the server is away, and when to come back. */
const pushBack = (stream: ServerHttp2Stream, value: string) =>
  stream.respond(
    {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-status": "14",
      "grpc-retry-pushback-ms": value,
    },
    { endStream: true },
  );

test("OK: a retry waits for as long as the server asks by its pushback", async () => {
  const times: number[] = [];
  await using raw = await startRaw((stream, _, call) => {
    times.push(performance.now());
    if (call === 1) pushBack(stream, "300");
    else answer(stream);
  });
  await using edge = await startEdgeBefore([raw.address]);
  expect(await read(edge.url)).toBe(200);
  // The backoff of a first retry is 50 ms at the most.
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(295);
});

test.each(["", ":follow"])(
  "Unavailable: a server whose pushback forbids retries is asked once (%s)",
  async (suffix) => {
    let calls = 0;
    await using raw = await startRaw((stream) => {
      calls += 1;
      pushBack(stream, "-1");
    });
    await using edge = await startEdgeBefore([raw.address]);
    expect(await read(edge.url, suffix)).toBe(503);
    expect(calls).toBe(1);
  },
);

test("Unavailable: a stream whose server fails is begun four times, as a call with one answer is", async () => {
  for (const suffix of ["", ":follow"]) {
    let calls = 0;
    await using raw = await startRaw((stream) => {
      calls += 1;
      stream.close(2);
    });
    await using edge = await startEdgeBefore([raw.address]);
    expect(await read(edge.url, suffix)).toBe(503);
    expect(calls).toBe(4);
  }
});
