import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallServices } from "../../../edge/call/call-services.ts";
import type { Protocol } from "../../../edge/protocols/protocol.ts";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { BatchService } from "../../../gen/sluice/edge/v1/batch_pb.ts";
import { clockedLimiter, rateLimits } from "./admission.ts";
import { http1, http2, type RawResponse } from "./raw-http.ts";
import { bearer, type startTestEdge, type TestEdge } from "./test-edge.ts";

/** An error of the edge or of a service. */
type ExpectedError = {
  readonly code: Code;
  readonly status: number;
  readonly reason?: keyof typeof ErrorReason;
  readonly message: string | RegExp;
};

/** A dialect's paths and formats, stated independently of its code. */
export type DialectUnderTest = {
  readonly name: string;
  start(options: NonNullable<Parameters<typeof startTestEdge>[0]>): Promise<Omit<TestEdge, "happenings">>;
  readonly credential: Readonly<Record<string, string>>;
  readonly wrongCredential: Readonly<Record<string, string>>;
  /** A valid credential in a header that only another dialect reads. */
  readonly misplacedCredential: Readonly<Record<string, string>>;
  /** Paths that store a note, fail as requested, wait for a cancellation, stream, and do not exist. */
  readonly paths: Readonly<Record<"write" | "fail" | "wait" | "stream" | "unknown", string>>;
  /** Body of a write, and its response. */
  readonly written: { readonly request: unknown; readonly status: number; readonly response: unknown };
  /** Two items of the stream. */
  readonly items: readonly unknown[];
  /** An error as a response. Its body is JSON, unless `isText` says that it is text. */
  write(error: ExpectedError): { status: number; body: unknown; isText?: boolean };
};

type Edge = Omit<TestEdge, "happenings">;
type Send = typeof http1;
type Written = ReturnType<DialectUnderTest["write"]>;

const read = ({ isText = false }: Written, body: string): unknown =>
  isText ? body.trim() : JSON.parse(body);

const json = { "content-type": "application/json" };

/** A protocol below the path of the API that crashes. */
const crashing = (_: CallServices): readonly Protocol[] => [
  {
    name: "crashing",
    claims: ({ path }) => path.endsWith("/crash"),
    handle: () => Promise.reject(new Error("a secret of the edge")),
  },
];

/** Tests of the behaviour that all dialects share. Only formats differ. */
export function describeDialect(dialect: DialectUnderTest): void {
  const { paths, credential } = dialect;
  const write = (send: Send, edge: Edge, more: { headers?: Record<string, string>; body?: string } = {}) =>
    send(edge.port, paths.write, {
      method: "POST",
      headers: { ...json, ...credential, ...more.headers },
      body: more.body ?? JSON.stringify(dialect.written.request),
    });
  const fail = (send: Send, edge: Edge, request: object) =>
    send(edge.port, paths.fail, { method: "POST", headers: json, body: JSON.stringify(request) });
  const expectError = (answer: Pick<RawResponse, "status" | "body" | "headers">, error: ExpectedError) => {
    const expected = dialect.write(error);
    expect(answer.headers["content-type"]).toMatch(expected.isText ? /^text\/plain/ : /^application\/json/);
    expect([answer.status, read(expected, answer.body)]).toEqual([expected.status, expected.body]);
  };

  describe.each([
    ["HTTP/1.1", http1],
    ["HTTP/2", http2],
  ] as const)(`the dialect ${dialect.name} over %s`, (_, send) => {
    let edge: Edge;
    beforeAll(async () => {
      edge = await dialect.start({ services: [BatchService], createProtocols: crashing });
    });
    afterAll(() => edge[Symbol.asyncDispose]());

    test("OK: status, and fields that are set and not set", async () => {
      const { status, body } = await write(send, edge);
      expect([status, JSON.parse(body)]).toEqual([dialect.written.status, dialect.written.response]);
    });

    test("Unauthenticated: no credential, a wrong one, and one where another dialect has it", async () => {
      const error = { code: Code.Unauthenticated, status: 401 };
      for (const headers of [json, { ...json, ...dialect.misplacedCredential }]) {
        const missing = await send(edge.port, paths.write, { method: "POST", headers, body: "{}" });
        expectError(missing, {
          ...error,
          reason: "CREDENTIAL_MISSING",
          message: /^a credential is required/,
        });
      }
      const wrong = await write(send, edge, { headers: dialect.wrongCredential });
      expectError(wrong, { ...error, reason: "CREDENTIAL_INVALID", message: /^the credential is unknown/ });
    });

    test.each([
      [Code.NotFound, 404],
      [Code.AlreadyExists, 409],
      [Code.FailedPrecondition, 400],
      [Code.PermissionDenied, 403],
    ])("code %i of a service", async (code, status) => {
      expectError(await fail(send, edge, { code, message: "no such luck" }), {
        code,
        status,
        message: "no such luck",
      });
    });

    test("a reason of a service has its own status", async () => {
      const answer = await fail(send, edge, {
        code: Code.Aborted,
        reason: ErrorReason.ETAG_MISMATCH,
        message: "changed",
      });
      expectError(answer, { code: Code.Aborted, status: 412, reason: "ETAG_MISMATCH", message: "changed" });
    });

    test("NotFound: an unknown path, also for a caller that sends gRPC's media type", async () => {
      const error: ExpectedError = {
        code: Code.NotFound,
        status: 404,
        reason: "METHOD_UNKNOWN",
        message: "there is nothing at this path",
      };
      expectError(await send(edge.port, paths.unknown), error);
      if (dialect.name === "google") return;
      const headers = { "content-type": "application/grpc" };
      expectError(await send(edge.port, paths.unknown, { method: "POST", headers }), error);
    });

    test("Unimplemented: a wrong method", async () => {
      const answer = await send(edge.port, paths.write, { method: "DELETE" });
      expect(answer.headers.allow).toBe("OPTIONS, POST");
      expectError(answer, {
        code: Code.Unimplemented,
        status: 405,
        message: "the methods of this path are OPTIONS, POST",
      });
    });

    test("InvalidArgument: malformed JSON, an unknown media type, a long URL", async () => {
      const error = { code: Code.InvalidArgument };
      const malformed = await write(send, edge, { body: "{" });
      expectError(malformed, { ...error, status: 400, message: /^body: is not JSON/ });
      const csv = await write(send, edge, { headers: { "content-type": "text/csv" } });
      expectError(csv, { ...error, status: 415, message: "the body must be application/json" });
      const long = await send(edge.port, `${paths.unknown}?${"x".repeat(9000)}`);
      expectError(long, { ...error, status: 414, message: "the URL is longer than 8192 bytes" });
    });

    test("ResourceExhausted: a body that is too large", async () => {
      expectError(await write(send, edge, { body: `"${"x".repeat(5 * 1024 * 1024)}"` }), {
        code: Code.ResourceExhausted,
        status: 413,
        reason: "REQUEST_TOO_LARGE",
        message: "the body is larger than 4194304 bytes",
      });
    });

    test("InvalidArgument: too many headers, and headers that are too large", async () => {
      const error = { code: Code.InvalidArgument, status: 431 };
      const many = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`x-${at}`, "1"]));
      const tooMany = await send(edge.port, paths.unknown, { headers: many });
      expectError(tooMany, { ...error, message: "the request has more than 100 header fields" });
      const large = await send(edge.port, paths.unknown, { headers: { "x-large": "x".repeat(17_000) } });
      expectError(large, { ...error, message: "the headers are larger than 16384 bytes" });
    });

    test("InvalidArgument: an expectation that is unknown", async () => {
      expectError(await send(edge.port, paths.unknown, { headers: { expect: "a-wonder" } }), {
        code: Code.InvalidArgument,
        status: 417,
        message: "the header Expect must be 100-continue",
      });
    });

    test("DeadlineExceeded: a call that takes too long", async () => {
      expectError(await send(edge.port, paths.wait, { headers: { "connect-timeout-ms": "100" } }), {
        code: Code.DeadlineExceeded,
        status: 504,
        reason: "DEADLINE_PASSED",
        message: "the deadline passed",
      });
    });

    test("Internal: a crash of a service and one of the edge, without its words", async () => {
      const error = { code: Code.Internal, status: 500, message: /^internal error, request id / };
      expectError(await fail(send, edge, { unexpected: true, message: "a secret" }), error);
      const crash = await send(edge.port, `${paths.unknown}/crash`);
      expectError(crash, error);
      expect(crash.body).not.toContain("secret");
    });

    test("Aborted: a stream that fails after its start", async () => {
      const accept = { accept: "application/x-ndjson" };
      const { status, body } = await send(edge.port, paths.stream, { headers: accept });
      const lines = body.trim().split("\n");
      const error = { code: Code.Aborted, status: 409, message: "counted enough" };
      expect([status, ...lines.map((line) => JSON.parse(line))]).toEqual([
        200,
        ...dialect.items,
        dialect.write(error).body,
      ]);
    });

    test("OK: calls of a batch are written in the dialect of their path", async () => {
      const requests = [
        { method: "POST", path: paths.write, body: dialect.written.request },
        { method: "GET", path: paths.unknown },
        { method: "GET", path: "/test/v1/nothing" },
      ];
      const { body } = await send(edge.port, "/api/v1/batch", {
        method: "POST",
        headers: { ...json, ...bearer, ...credential },
        body: JSON.stringify({ requests }),
      });
      const [written, unknown, native] = JSON.parse(body).responses;
      expect([written.status, written.body]).toEqual([dialect.written.status, dialect.written.response]);
      const error: ExpectedError = {
        code: Code.NotFound,
        status: 404,
        reason: "METHOD_UNKNOWN",
        message: "there is nothing at this path",
      };
      const expected = dialect.write(error);
      expect([unknown.status, unknown.body]).toEqual([expected.status, expected.body]);
      expect(native.body.error.status).toBe("NOT_FOUND");
    });

    test("ResourceExhausted: the rate limit", async () => {
      const limits = rateLimits({ address: { tokens: 1 } });
      await using limited = await dialect.start({ admission: { limiter: clockedLimiter().limiter, limits } });
      await send(limited.port, paths.stream);
      const answer = await send(limited.port, paths.stream);
      expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
      expectError(answer, {
        code: Code.ResourceExhausted,
        status: 429,
        reason: "RATE_LIMIT_EXCEEDED",
        message: /^the address /,
      });
    });

    test("Unavailable: identity is away", async () => {
      await using lonely = await dialect.start({});
      await lonely.stopIdentity();
      expectError(await write(send, lonely), {
        code: Code.Unavailable,
        status: 503,
        reason: "UPSTREAM_UNAVAILABLE",
        message: "identity does not answer",
      });
    });
  });

  test(`InvalidArgument: the dialect ${dialect.name} has the error of a body that is not HTTP, whatever is in it`, async () => {
    await using edge = await dialect.start({});
    const socket = connect(edge.port, "127.0.0.1");
    const headers = {
      host: "x",
      ...json,
      ...credential,
      expect: "100-continue",
      "transfer-encoding": "chunked",
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST ${paths.write}?x=1 HTTP/1.1\r\n${lines.join("")}\r\n`);
    await once(socket, "data");
    const otherPath = dialect.name === "google" ? "/sample/notes" : "/test/v1/echo";
    socket.write(`GET ${otherPath} HTTP/1.1\r\n`);
    const answer = await text(socket);
    const error = {
      code: Code.InvalidArgument,
      status: 400,
      message: "the request is not HTTP: Invalid character in chunk size",
    };
    const expected = dialect.write(error);
    const body = read(expected, answer.slice(answer.indexOf("\r\n\r\n")));
    expect([answer.split(" ")[1], body]).toEqual(["400", expected.body]);
  });

  test(`InvalidArgument: the dialect ${dialect.name} has the error of a head without Host`, async () => {
    await using edge = await dialect.start({});
    const socket = connect(edge.port, "127.0.0.1");
    socket.write(`GET ${paths.unknown} HTTP/1.1\r\nconnection: close\r\n\r\n`);
    const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
    const message = "the header Host is missing or not a host";
    const expected = dialect.write({ code: Code.InvalidArgument, status: 400, message });
    expect([Number(head.split(" ")[1]), read(expected, body)]).toEqual([expected.status, expected.body]);
  });

  test.each([
    ["that never ends", "", 408, Code.DeadlineExceeded, "the headers did not come in time"],
    [
      "that is too large",
      `x-large: ${"x".repeat(40_000)}`,
      431,
      Code.InvalidArgument,
      /^the headers are larger/,
    ],
    ["that is malformed", "x y: z\r\n", 400, Code.InvalidArgument, /^the request is not HTTP/],
  ] as const)(
    `${dialect.name} has the error of a head in two packets %s`,
    async (_, rest, status, code, message) => {
      await using edge = await dialect.start({ limits: { headersMs: 1_000 } });
      const socket = connect(edge.port, "127.0.0.1").setNoDelay();
      const answer = text(socket);
      socket.write(`GET ${paths.unknown} HTTP/1.1\r\nhost: x\r\n`);
      // The edge has read the first packet when it responds to a request that came later.
      await http1(edge.port, "/health");
      socket.write(rest);
      const [head = "", body = ""] = (await answer).split("\r\n\r\n");
      const expected = dialect.write({ code, status, message });
      expect([Number(head.split(" ")[1]), read(expected, body)]).toEqual([expected.status, expected.body]);
    },
  );

  test(`Unavailable: the dialect ${dialect.name} has the refusal of a connection over the limit`, async () => {
    await using edge = await dialect.start({ limits: { connectionsMax: 1 } });
    const held = connect(edge.port, "127.0.0.1");
    held.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(held, "data");
    const answer = await rawGet(edge.port, paths.unknown);
    const error: ExpectedError = {
      code: Code.Unavailable,
      status: 503,
      reason: "SERVICE_BUSY",
      message: "the edge has 1 connections, its most",
    };
    const expected = dialect.write(error);
    const body = read(expected, answer.slice(answer.indexOf("\r\n\r\n")));
    expect([answer.split(" ")[1], body]).toEqual(["503", expected.body]);
    held.destroy();
  });
}

async function rawGet(port: number, path: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  return text(socket);
}
