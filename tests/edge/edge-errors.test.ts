import { gzipSync } from "node:zlib";
import { create, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BoundedService, TakeOneRequestSchema } from "../../gen/sluice/test/v1/bounded_pb.ts";
import { guard } from "../../services/lib/rpc/guard.ts";
import { startTestEdge, type TestEdge } from "./lib/test-edge.ts";
import { streamCallers, unaryCallers, type WireCall } from "./lib/wire-callers.ts";

// Errors of the edge itself. Errors of services are in statuses.test.ts.

const bounded = guard(BoundedService, {
  takeOne: () => ({}),
  async takeMany(requests) {
    let messages = 0;
    for await (const _ of requests) messages += 1;
    return { messages };
  },
});

const timeoutMs = 200;
const stack = new AsyncDisposableStack();
let edges: Record<"usual" | "hasty" | "lonely", TestEdge>;
beforeAll(async () => {
  const deadlines = { defaultMs: timeoutMs, maxMs: timeoutMs };
  edges = {
    usual: stack.use(await startTestEdge({ guarded: [bounded] })),
    hasty: stack.use(await startTestEdge({ deadlines })),
    lonely: stack.use(await startTestEdge()),
  };
  await edges.lonely.stopBackend();
});
afterAll(() => stack.disposeAsync());

const echo = "/sluice.test.v1.EchoService";
const nothing = { json: "{}", proto: new Uint8Array() };

const echoOne: WireCall = { rest: "POST /test/v1/echo", rpc: `${echo}/Echo`, ...nothing };
const upload: WireCall = { rest: "POST /test/v1/uploads", rpc: `${echo}/Upload`, ...nothing };
const takeOne = { rest: "POST /test/v1/bounded", rpc: "/sluice.test.v1.BoundedService/TakeOne" };
const takeMany = { rest: "POST /test/v1/bounded:many", rpc: "/sluice.test.v1.BoundedService/TakeMany" };

const gzip = { name: "gzip", compress: gzipSync };
const snappy = { name: "snappy", compress: (bytes: Uint8Array) => Buffer.from(bytes) };
const wrong = { "x-api-key": "wrong" };
const text = "x".repeat(1500);
const large = {
  json: JSON.stringify({ text }),
  proto: toBinary(TakeOneRequestSchema, create(TakeOneRequestSchema, { text })),
};
const damaged = { json: "{", proto: new Uint8Array([0x0a, 0x7f]) };

const info = (reason: string, metadata: Record<string, string> = {}): JsonObject => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  domain: "sluice",
  ...(Object.keys(metadata).length > 0 && { metadata }),
});
const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1s" };
const inBody = {
  "@type": "type.googleapis.com/google.rpc.BadRequest",
  fieldViolations: [{ field: "body", description: expect.any(String) }],
};

type Case = {
  readonly title: string;
  readonly unary: WireCall;
  readonly stream: WireCall;
  readonly code: string;
  /** Code in REST, if it differs. */
  readonly restCode?: string;
  readonly message: RegExp;
  readonly details: readonly JsonObject[];
  /** The edge that the case needs. */
  readonly at?: keyof typeof edges;
};

const cases: Case[] = [
  {
    title: "Unauthenticated: without a credential",
    unary: echoOne,
    stream: upload,
    code: "UNAUTHENTICATED",
    message: /^a credential is required: send Authorization: Bearer <access token> or x-api-key$/,
    details: [info("CREDENTIAL_MISSING")],
  },
  {
    title: "Unauthenticated: with a wrong credential",
    unary: { ...echoOne, headers: wrong },
    stream: { ...upload, headers: wrong },
    code: "UNAUTHENTICATED",
    message: /^the credential is unknown, malformed, expired or revoked$/,
    details: [info("CREDENTIAL_INVALID")],
  },
  {
    title: "ResourceExhausted: a message over the limit",
    unary: { ...takeOne, ...large },
    stream: { ...takeMany, ...large },
    code: "RESOURCE_EXHAUSTED",
    message: /^(the body|a line of the body|the message) is larger than 1000 bytes$/,
    details: [info("REQUEST_TOO_LARGE", { limit: "1000" })],
  },
  {
    title: "ResourceExhausted: a message that is over the limit when it is inflated",
    unary: { ...takeOne, ...large, compression: gzip },
    stream: { ...takeMany, ...large, compression: gzip },
    code: "RESOURCE_EXHAUSTED",
    message: /^(the body|a line of the body|the message) is larger than 1000 bytes$/,
    details: [info("REQUEST_TOO_LARGE", { limit: "1000" })],
  },
  {
    title: "InvalidArgument: what is no message",
    unary: { ...takeOne, ...damaged },
    stream: { ...takeMany, ...damaged },
    code: "INVALID_ARGUMENT",
    message: /^body: is not /,
    details: [inBody],
  },
  {
    title: "InvalidArgument: what is not compressed as it says",
    unary: {
      ...takeOne,
      ...nothing,
      compression: { ...snappy, name: "gzip" },
      json: "no",
      proto: Buffer.from("no"),
    },
    stream: {
      ...takeMany,
      ...nothing,
      compression: { ...snappy, name: "gzip" },
      json: "no",
      proto: Buffer.from("no"),
    },
    code: "INVALID_ARGUMENT",
    message: /^body: is not gzip$/,
    details: [inBody],
  },
  {
    title: "Unimplemented: a compression that there is not",
    unary: { ...takeOne, ...nothing, compression: snappy },
    stream: { ...takeMany, ...nothing, compression: snappy },
    code: "UNIMPLEMENTED",
    message: /^the compression "snappy" is unknown: there are gzip,br,zstd$/,
    details: [info("COMPRESSION_UNKNOWN", { "accept-encoding": "gzip,br,zstd" })],
  },
  {
    title: "Unimplemented: a method, or a path, that there is not",
    unary: { rest: "POST /test/v1/nothing", rpc: `${echo}/Nothing`, ...nothing },
    stream: { rest: "GET /test/v1/nothing", rpc: `${echo}/Hide`, ...nothing },
    code: "UNIMPLEMENTED",
    restCode: "NOT_FOUND",
    message: /^there is (no such method|nothing at this path)$/,
    details: [info("METHOD_UNKNOWN")],
  },
  {
    title: "DeadlineExceeded: a call that takes longer than its deadline",
    unary: { rest: "GET /test/v1/wait/late", rpc: `${echo}/Wait`, ...nothing },
    stream: {
      rest: "GET /test/v1/count?padding=10",
      rpc: `${echo}/Count`,
      ...nothing,
      headers: { "connect-timeout-ms": String(timeoutMs) },
    },
    code: "DEADLINE_EXCEEDED",
    message: /^the deadline passed$/,
    details: [info("DEADLINE_PASSED")],
    at: "hasty",
  },
  {
    title: "Unavailable: a service that is away",
    unary: { rest: "GET /test/v1/look/n", rpc: `${echo}/Look`, ...nothing },
    stream: { rest: "GET /test/v1/count", rpc: `${echo}/Count`, ...nothing },
    code: "UNAVAILABLE",
    message: /^test does not answer$/,
    details: [info("UPSTREAM_UNAVAILABLE", { peer: "test" }), retryInfo],
    at: "lonely",
  },
];

/** Callers that receive an HTTP status, and so a Retry-After header. */
const overHttp = ["REST unary", "REST stream", "Connect unary", "Connect JSON unary"];

describe.each(cases)("$title", (expected) => {
  const callers = [
    ...Object.entries(unaryCallers).map(([name, call]) => [`${name} unary`, call, expected.unary] as const),
    ...Object.entries(streamCallers).map(
      ([name, call]) => [`${name} stream`, call, expected.stream] as const,
    ),
  ];
  test.each(callers)("%s", async (name, call, sent) => {
    const { code, restCode = code, message, details, at = "usual" } = expected;
    expect(await call(edges[at].port, sent)).toEqual({
      code: name.startsWith("REST") ? restCode : code,
      message: expect.stringMatching(message),
      details,
      retryAfter: at === "lonely" && overHttp.includes(name) ? "1" : undefined,
    });
  });
});
