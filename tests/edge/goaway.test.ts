import type { ServerHttp2Stream } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { wrap } from "../../edge/codec/envelope.ts";
import { WriteResponseSchema } from "../../gen/sluice/test/v1/resilience_pb.ts";
import { startRawUpstream } from "./lib/raw-upstream.ts";
import { startEdgeBefore } from "./lib/resilience.ts";

// Messages of an HTTP/2 server about calls that it has not processed, and about calls that it has.

const answer = (stream: ServerHttp2Stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(wrap(0, toBinary(WriteResponseSchema, create(WriteResponseSchema, { server: "raw" }))));
};

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
  await using raw = await startRawUpstream((stream, _, call) => {
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
  await using raw = await startRawUpstream((stream, session, call) => {
    // Stream 1 is the health watch, and the last stream that the server processes.
    if (call === 1) session.goaway(0, 1);
    else answer(stream);
  });
  // Enough for another connection on a busy machine.
  await using edge = await startEdgeBefore([raw.address], { reconnectMs: 60_000 });
  expect(await write(edge.url)).toEqual([200, "raw"]);
  expect(raw.sessions()).toBe(2);
});

test("OK: a call that has begun ends on the old connection while new ones go to a new one", async () => {
  const begun = Promise.withResolvers<ServerHttp2Stream>();
  await using raw = await startRawUpstream((stream, session, call) => {
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
  await using raw = await startRawUpstream((stream) => {
    calls += 1;
    stream.close(2);
  });
  await using edge = await startEdgeBefore([raw.address]);
  expect((await write(edge.url))[0]).toBe(503);
  expect(calls).toBe(1);
});

test("Unavailable: a server that refuses every call is not asked for ever", async () => {
  let calls = 0;
  await using raw = await startRawUpstream((stream) => {
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

/** Responds with UNAVAILABLE and a pushback, without a message. */
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
  await using raw = await startRawUpstream((stream, _, call) => {
    times.push(performance.now());
    if (call === 1) pushBack(stream, "300");
    else answer(stream);
  });
  await using edge = await startEdgeBefore([raw.address]);
  expect(await read(edge.url)).toBe(200);
  // The backoff of a first retry is at most 50 ms.
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(295);
});

test.each(["", ":follow"])(
  "Unavailable: a server whose pushback forbids retries is asked once (%s)",
  async (suffix) => {
    let calls = 0;
    await using raw = await startRawUpstream((stream) => {
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
    await using raw = await startRawUpstream((stream) => {
      calls += 1;
      stream.close(2);
    });
    await using edge = await startEdgeBefore([raw.address]);
    expect(await read(edge.url, suffix)).toBe(503);
    expect(calls).toBe(4);
  }
});
