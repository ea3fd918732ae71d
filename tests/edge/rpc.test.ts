import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createGrpcTransport as createConnectGrpcTransport,
  createConnectTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { EchoService, LookRequestSchema } from "../../gen/sluice/test/v1/echo_pb.ts";
import { createGrpcTransport } from "../../services/lib/mesh/grpc-transport.ts";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const service = "/sluice.test.v1.EchoService";

const protocols: Record<string, () => Transport> = {
  "Connect JSON over HTTP/1.1": () =>
    createConnectTransport({ baseUrl: edge.url, httpVersion: "1.1", useBinaryFormat: false }),
  "Connect proto over HTTP/2": () => createConnectTransport({ baseUrl: edge.url, httpVersion: "2" }),
  "Connect GET over HTTP/1.1": () =>
    createConnectTransport({ baseUrl: edge.url, httpVersion: "1.1", useHttpGet: true }),
  "gRPC-Web over HTTP/1.1": () => createGrpcWebTransport({ baseUrl: edge.url, httpVersion: "1.1" }),
  "gRPC-Web over HTTP/2": () => createGrpcWebTransport({ baseUrl: edge.url, httpVersion: "2" }),
  "gRPC of connect-node": () => createConnectGrpcTransport({ baseUrl: edge.url }),
  "gRPC of grpc-js": () => createGrpcTransport({ peer: "edge", address: `127.0.0.1:${edge.port}` }),
};

async function errorOf(work: Promise<unknown>): Promise<ConnectError> {
  try {
    await work;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("it did not fail");
}

// grpc-js does not decode all percent-encodings of Connect's handlers.
const messageOf = (error: ConnectError): string => decodeURIComponent(error.rawMessage);

async function* each<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe.each(Object.keys(protocols))("%s", (name) => {
  const client = () => createClient(EchoService, (protocols[name] as () => Transport)());

  test("OK: passes a unary call on with the verified caller, and nothing else of its headers", async () => {
    const spoofed = {
      ...bearer,
      "x-org-id": "99999999-9999-7999-8999-999999999999",
      "x-user-id": "root",
      "x-sluice-assertion": "forged",
      "x-sluice-client-address": "1.2.3.4",
      "x-anything": "else",
      "x-request-id": "my-request",
    };
    const answer = await client().echo({ text: "hello" }, { headers: spoofed });
    expect(answer.request?.text).toBe("hello");
    const { "x-sluice-assertion": assertion, "user-agent": agent, ...rest } = answer.metadata;
    expect(rest).toEqual({
      "x-org-id": orgId,
      "x-user-id": userId,
      "x-request-id": "my-request",
      "x-sluice-client-address": "127.0.0.1",
    });
    expect(assertion).not.toBe("forged");
    expect(agent).toBe("sluice-edge");
  });

  test("OK: a public method needs no credential, and a wrong one does not matter", async () => {
    const answer = await client().look({ name: "n" }, { headers: { authorization: "Bearer wrong" } });
    expect(answer.request?.name).toBe("n");
    expect(answer.metadata["x-org-id"]).toBeUndefined();
  });

  test("OK: answers a server stream", async () => {
    const numbers = await collect(client().count({ upTo: 3 }));
    expect(numbers.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test("OK: takes a client stream", async () => {
    expect((await client().sum(each([{ number: 1 }, { number: 2 }]))).sum).toBe(3n);
  });

  // HTTP/1.1 is half-duplex.
  if (!name.includes("HTTP/1.1"))
    test("OK: carries both streams of a call at once", async () => {
      const gate = Promise.withResolvers<void>();
      async function* requests() {
        yield { text: "a" };
        await gate.promise;
        yield { text: "b" };
      }
      const texts: string[] = [];
      for await (const { text } of client().chat(requests())) {
        texts.push(text);
        gate.resolve();
      }
      expect(texts).toEqual(["A", "B"]);
    });

  test("Unauthenticated: without a credential", async () => {
    const error = await errorOf(client().echo({}));
    expect(error.code).toBe(Code.Unauthenticated);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("CREDENTIAL_MISSING");
  });

  test("Unauthenticated: with a wrong credential, before a stream's messages are read", async () => {
    const error = await errorOf(
      client().upload(each([{ part: { case: "chunk", value: new Uint8Array(1) } }]), {
        headers: { "x-api-key": "wrong" },
      }),
    );
    expect(error.code).toBe(Code.Unauthenticated);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("CREDENTIAL_INVALID");
  });

  test("FailedPrecondition: passes code, message and details on", async () => {
    const error = await errorOf(
      client().fail({
        code: Code.FailedPrecondition,
        reason: ErrorReason.LAST_ADMIN,
        message: "no: ünïcode",
      }),
    );
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(messageOf(error)).toBe("no: ünïcode");
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "LAST_ADMIN",
      domain: "sluice",
      metadata: { a: "b" },
    });
  });

  test("Internal: does not let words out that were not meant for callers", async () => {
    const error = await errorOf(client().fail({ unexpected: true, message: "the password is x" }));
    expect(error.code).toBe(Code.Internal);
    expect(messageOf(error)).toMatch(/^internal error, request id /);
  });

  test("Aborted: an error after the start of a stream comes after its messages", async () => {
    const numbers: number[] = [];
    const error = await errorOf(
      (async () => {
        for await (const { number } of client().count({ upTo: 2, failAfter: true })) numbers.push(number);
      })(),
    );
    expect(numbers).toEqual([1, 2]);
    expect(error.code).toBe(Code.Aborted);
  });

  test("Unimplemented: an internal method does not exist outside", async () => {
    expect((await errorOf(client().hide({}, { headers: bearer }))).code).toBe(Code.Unimplemented);
  });

  test("ResourceExhausted: a message over 4 MiB", async () => {
    const error = await errorOf(client().echo({ text: "x".repeat(5_000_000) }, { headers: bearer }));
    expect(error.code).toBe(Code.ResourceExhausted);
  });

  test("ResourceExhausted: a message over 4 MiB in a stream", async () => {
    const value = new Uint8Array(5_000_000);
    const error = await errorOf(
      client().upload(each([{ part: { case: "chunk" as const, value } }]), { headers: bearer }),
    );
    expect(error.code).toBe(Code.ResourceExhausted);
  });

  test("DeadlineExceeded: the caller's deadline reaches the backend", async () => {
    const key = `deadline ${name}`;
    const error = await errorOf(client().wait({ key }, { timeoutMs: 1_000 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    await edge.happenings.cancelled(key);
  });

  test("Canceled: a caller that gives up cancels the backend's work", async () => {
    const key = `cancel ${name}`;
    const stop = new AbortController();
    const waiting = errorOf(client().wait({ key }, { signal: stop.signal }));
    await edge.happenings.begun(key);
    stop.abort();
    expect((await waiting).code).toBe(Code.Canceled);
    await edge.happenings.cancelled(key);
  });
});

test("OK: a deadline is passed on, a default is given, and none is longer than five minutes", async () => {
  const client = createClient(EchoService, createConnectTransport({ baseUrl: edge.url, httpVersion: "1.1" }));
  const timeout = async (timeoutMs?: number) =>
    (await client.echo({}, { headers: bearer, ...(timeoutMs && { timeoutMs }) })).timeoutMs;
  const within = (low: number, high: number) => (value: number) => value > low && value <= high;
  expect(await timeout()).toSatisfy(within(25_000, 30_000));
  expect(await timeout(60_000)).toSatisfy(within(55_000, 60_000));
  expect(await timeout(3_600_000)).toSatisfy(within(295_000, 300_000));
});

test("MethodNotAllowed: GET reaches methods without side effects only", async () => {
  const message = Buffer.from(toBinary(LookRequestSchema, create(LookRequestSchema, { name: "n" })));
  const query = `?connect=v1&encoding=proto&base64=1&message=${message.toString("base64url")}`;
  const look = await fetch(`${edge.url}${service}/Look${query}`);
  expect(look.status).toBe(200);
  const echo = await fetch(`${edge.url}${service}/Echo?connect=v1&encoding=json&message={}`, {
    headers: bearer,
  });
  expect([echo.status, echo.headers.get("allow")]).toEqual([405, "POST"]);
});

test("NotFound: internal and unknown methods look the same", async () => {
  const answers = await Promise.all(
    ["Hide", "Nothing"].map(async (method) => {
      const response = await fetch(`${edge.url}${service}/${method}`, {
        method: "POST",
        headers: { ...bearer, "content-type": "application/json" },
        body: "{}",
      });
      return [response.status, await response.json()];
    }),
  );
  expect(answers[0]?.[0]).toBe(404);
  expect(answers[0]).toEqual(answers[1]);
});

test("Unavailable: an upstream that is down is told, in every protocol", async () => {
  await using lonely = await startTestEdge();
  await lonely.stopBackend();
  const transports = [
    createConnectTransport({ baseUrl: lonely.url, httpVersion: "1.1" }),
    createGrpcWebTransport({ baseUrl: lonely.url, httpVersion: "1.1" }),
    createGrpcTransport({ peer: "edge", address: `127.0.0.1:${lonely.port}` }),
  ];
  for (const transport of transports) {
    const error = await errorOf(createClient(EchoService, transport).look({ name: "n" }));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("UPSTREAM_UNAVAILABLE");
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  }
});

test("OK: the log tells the protocol, the method and who called", () => {
  const methods = edge.log.filter(({ user }) => user === userId);
  expect(new Set(methods.map(({ protocol }) => protocol))).toEqual(new Set(["connect", "grpc-web", "grpc"]));
  expect(methods[0]).toMatchObject({ org: orgId, method: "sluice.test.v1.EchoService.Echo", status: 200 });
});
