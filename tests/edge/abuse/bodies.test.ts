import { once } from "node:events";
import { connect } from "node:net";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import { http1, http2, type RawResponse } from "../lib/raw-http.ts";
import { bearer } from "../lib/test-edge.ts";
import { type EdgeProcess, startEdgeProcess } from "./lib/edge-process.ts";

// Bodies that are crafted to be expensive.

let edge: EdgeProcess;
beforeAll(async () => {
  edge = await startEdgeProcess();
});
afterAll(() => edge[Symbol.asyncDispose]());

const mebibyte = 2 ** 20;
const json = { "content-type": "application/json" };
const rpc = "/sluice.test.v1.EchoService";

/** Makes concurrent calls, so that their costs add up. */
const several = (call: () => Promise<RawResponse>, count = 8): Promise<RawResponse[]> =>
  Promise.all(Array.from({ length: count }, call));

/** The elements of a list or the members of an object. */
const times = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => one(index)).join(",");

function messageOf({ body }: RawResponse): unknown {
  const { error, message } = JSON.parse(body);
  return error?.message ?? message;
}

const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

describe.each([
  ["gzip", gzipSync(Buffer.alloc(64 * mebibyte))],
  ["br", brotliCompressSync(Buffer.alloc(64 * mebibyte), quick)],
  ["zstd", zstdCompressSync(Buffer.alloc(64 * mebibyte))],
] as const)("%s", (encoding, bomb) => {
  test("413: a bomb in the body of a REST request", async () => {
    const headers = { ...json, "content-encoding": encoding };
    const call = () => http1(edge.port, "/test/v1/fail", { method: "POST", headers, body: bomb });
    for (const answer of await edge.withstand(() => several(call))) {
      expect([answer.status, messageOf(answer)]).toEqual([413, "the body is larger than 4194304 bytes"]);
    }
  });

  test("ResourceExhausted: a bomb in a message of Connect, and of a stream", async () => {
    const headers = { ...json, "content-encoding": encoding };
    const unary = () => http2(edge.port, `${rpc}/Fail`, { method: "POST", headers, body: bomb });
    for (const answer of await edge.withstand(() => several(unary))) {
      expect([answer.status, messageOf(answer)]).toEqual([429, "the message is larger than 4194304 bytes"]);
    }
    const streamed = { "content-type": "application/connect+json", "connect-content-encoding": encoding };
    const stream = () =>
      http1(edge.port, `${rpc}/Sum`, { method: "POST", headers: streamed, body: wrap(1, bomb) });
    for (const answer of await edge.withstand(() => several(stream))) {
      expect(answer.body).toContain("the message is larger than 4194304 bytes");
    }
  });

  test("OK: a compressed body of a REST request", async () => {
    const compress = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync }[encoding];
    const answer = await http1(edge.port, "/test/v1/fail", {
      method: "POST",
      headers: { ...json, "content-encoding": encoding },
      body: compress('{"code":9,"message":"as told"}'),
    });
    expect([answer.status, messageOf(answer)]).toEqual([400, "as told"]);
  });
});

test("415: an encoding that there is not", async () => {
  const answer = await http1(edge.port, "/test/v1/fail", {
    method: "POST",
    headers: { ...json, "content-encoding": "snappy" },
    body: "{}",
  });
  expect([answer.status, answer.headers["accept-encoding"], messageOf(answer)]).toEqual([
    415,
    "gzip,br,zstd",
    'the compression "snappy" is unknown: there are gzip,br,zstd',
  ]);
});

test.each([
  ["lists", "[".repeat(200_000) + "]".repeat(200_000)],
  ["objects", `${'{"inner":'.repeat(200_000)}{}${"}".repeat(200_000)}`],
  ["lists that do not end", "[".repeat(200_000)],
])("InvalidArgument: 200,000 %s within each other", async (_, body) => {
  for (const path of ["/test/v1/fail", `${rpc}/Fail`]) {
    const call = () => http1(edge.port, path, { method: "POST", headers: json, body });
    for (const answer of await edge.withstand(() => several(call))) {
      expect([answer.status, messageOf(answer)]).toEqual([400, "body: is nested deeper than 100"]);
    }
  }
});

test.each([
  ["keys of the request", `{${times(300_000, (index) => `"k${index}":1`)}}`],
  ["keys of a map", `{"byName":{${times(250_000, (index) => `"k${index}":{}`)}}}`],
  ["messages of a list", `{"inners":[${times(1_000_000, () => "{}")}]}`],
  ["keys in text that is no JSON", `${'":'.repeat(1_000_000)}`],
])("InvalidArgument: hundreds of thousands of %s, from twenty callers at once", async (_, body) => {
  for (const path of ["/test/v1/echo", `${rpc}/Echo`]) {
    const headers = { ...json, ...bearer };
    const call = () => http1(edge.port, path, { method: "POST", headers, body });
    // All bodies are in memory at the same time, 4 MB each.
    const answers = await edge.withstand(() => several(call, 20), 160 * mebibyte);
    for (const answer of answers) {
      expect([answer.status, messageOf(answer)]).toEqual([
        400,
        expect.stringMatching(/^body: (has more than 100000 keys, objects and lists|is not JSON)/),
      ]);
    }
  }
});

test("OK: as many keys, objects and lists as there may be", async () => {
  // The three others are the outer object, its key and its list.
  const body = `{"inners":[${times(100_000 - 3, () => "{}")}]}`;
  const call = (sent: string) =>
    http1(edge.port, "/test/v1/echo", { method: "POST", headers: { ...json, ...bearer }, body: sent });
  expect((await call(body)).status).toBe(200);
  expect((await call(body.replace("{}", "{},{}"))).status).toBe(400);
});

test.each([
  ["a key twice", '{"code":3,"code":3}', 400],
  ["an integer that a double would change", '{"code":9007199254740993}', 400],
])("answered: JSON with %s", async (_, body, status) => {
  const answer = await edge.withstand(() =>
    http1(edge.port, "/test/v1/fail", { method: "POST", headers: json, body }),
  );
  expect(answer.status).toBe(status);
});

test("OK: bodies that are announced and never sent take nothing", async () => {
  const head = "POST /test/v1/mirror HTTP/1.1\r\nHost: x\r\nContent-Length: 4194304\r\n\r\nx";
  const sockets = await edge.withstand(async () =>
    Promise.all(
      Array.from({ length: 500 }, async () => {
        const socket = connect(edge.port, "127.0.0.1");
        await once(socket, "connect");
        socket.write(head);
        return socket;
      }),
    ),
  );
  for (const socket of sockets) socket.destroy();
});
