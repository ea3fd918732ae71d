import { getOption, hasOption } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { parseProxies } from "../../edge/http/client-address.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { rate_cost } from "../../gen/sluice/common/v1/options_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { clockedLimiter, rateLimits } from "./lib/admission.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { apiKeyOf, startTestEdge, type TestEdge, tokenOf } from "./lib/test-edge.ts";

type Overrides = Parameters<typeof rateLimits>[0];

/** An edge with these limits. 127.0.0.1 is a trusted proxy, so that a test can choose the client's address. */
async function startLimited(overrides: Overrides, services: (typeof AuthService)[] = []) {
  const { limiter, clock } = clockedLimiter();
  const limits = rateLimits(overrides);
  const trustedProxies = parseProxies("127.0.0.1/32") ?? [];
  const edge = await startTestEdge({ admission: { limiter, limits }, trustedProxies, services });
  return Object.assign(edge, { clock, limiter });
}

const json = { "content-type": "application/json" };
const echo = (edge: TestEdge, headers: Record<string, string>) =>
  http1(edge.port, "/test/v1/echo", { method: "POST", headers: { ...json, ...headers }, body: "{}" });
const look = (edge: TestEdge, headers: Record<string, string> = {}) =>
  http1(edge.port, "/test/v1/look/a", { headers });

async function statusesOf(count: number, call: () => Promise<{ status: number }>): Promise<number[]> {
  const statuses: number[] = [];
  for (let made = 0; made < count; made += 1) statuses.push((await call()).status);
  return statuses;
}

const transports: Record<string, (baseUrl: string) => Transport> = {
  "Connect JSON over HTTP/1.1": (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  "Connect proto over HTTP/2": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
  "gRPC-Web": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
};

describe.each(Object.entries(transports))("%s", (_, transportTo) => {
  test("ResourceExhausted: three calls, then none until the time that the refusal names", async () => {
    await using edge = await startLimited({ user: { tokens: 3, refillMs: 30_000 } });
    const client = createClient(EchoService, transportTo(edge.url));
    const call = async () => {
      let headers = new Headers();
      try {
        await client.echo(
          {},
          {
            headers: tokenOf("o", "u"),
            onHeader: (received) => {
              headers = received;
            },
          },
        );
        return { headers, error: undefined };
      } catch (error) {
        return { headers, error: ConnectError.from(error) };
      }
    };
    const lefts = [];
    for (let made = 0; made < 3; made += 1) {
      const { headers, error } = await call();
      expect(error).toBeUndefined();
      lefts.push(/"user";r=\d+;t=\d+/.exec(headers.get("ratelimit") ?? "")?.[0]);
    }
    expect(lefts).toEqual(['"user";r=2;t=10', '"user";r=1;t=20', '"user";r=0;t=30']);
    edge.clock.nowMs += 500;
    const { error } = await call();
    expect(error?.code).toBe(Code.ResourceExhausted);
    expect(error?.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(10n);
    expect(error?.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "RATE_LIMIT_EXCEEDED",
      metadata: { of: "user", limit: "3", windowSeconds: "30" },
    });
    expect(error?.metadata.get("retry-after")).toBe("10");
    expect(error?.metadata.get("ratelimit")).toContain('"user";r=0;t=10');
    edge.clock.nowMs += 9_499;
    expect((await call()).error?.code).toBe(Code.ResourceExhausted);
    edge.clock.nowMs += 1;
    expect((await call()).error).toBeUndefined();
    expect((await call()).error?.code).toBe(Code.ResourceExhausted);
  });
});

test.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
])("429: REST over %s says which limit, and when to come again", async (_, http) => {
  await using edge = await startLimited({ user: { tokens: 2, refillMs: 60_000, callsMax: 9 } });
  const call = () =>
    http(edge.port, "/test/v1/echo", {
      method: "POST",
      headers: { ...json, ...tokenOf("o", "u") },
      body: "{}",
    });
  const first = await call();
  expect([first.status, first.headers["ratelimit-policy"], first.headers.ratelimit]).toEqual([
    200,
    '"address";q=60000;w=3600, "address-calls";q=1000;qu="concurrent-requests", ' +
      '"user";q=2;w=60, "user-calls";q=9;qu="concurrent-requests", ' +
      '"org";q=60000;w=3600, "org-calls";q=1000;qu="concurrent-requests"',
    '"address";r=59999;t=1, "user";r=1;t=30, "org";r=59999;t=1',
  ]);
  expect(first.headers["retry-after"]).toBeUndefined();
  await call();
  const { status, headers, body } = await call();
  expect([status, headers["retry-after"], headers.ratelimit]).toEqual([
    429,
    "30",
    // A refused call costs nothing.
    '"address";r=59998;t=1, "user";r=0;t=30, "org";r=59998;t=1',
  ]);
  expect(JSON.parse(body)).toEqual({
    error: {
      code: 429,
      status: "RESOURCE_EXHAUSTED",
      message: "the user has made as many calls as it may: 2 at once, and as many again in 60 s",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "RATE_LIMIT_EXCEEDED",
          domain: "sluice",
          metadata: { of: "user", limit: "2", windowSeconds: "60" },
        },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "30s" },
      ],
    },
  });
});

test("429: a user's tokens count together, its API keys each apart, and all of an organisation's together", async () => {
  await using edge = await startLimited({
    user: { tokens: 2 },
    "api-key": { tokens: 3 },
    org: { tokens: 6 },
  });
  const count = (headers: Record<string, string>, calls: number) =>
    statusesOf(calls, () => echo(edge, headers));
  expect(await count(tokenOf("o", "u"), 3)).toEqual([200, 200, 429]);
  expect(await count(apiKeyOf("o", "one"), 4)).toEqual([200, 200, 200, 429]);
  const other = await count(apiKeyOf("o", "two"), 2);
  expect(other).toEqual([200, 429]);
  const refused = await echo(edge, apiKeyOf("o", "two"));
  expect(JSON.parse(refused.body).error.details[0].metadata.of).toBe("org");
  // Refused calls cost nothing: the key has used one of its three tokens.
  expect(refused.headers.ratelimit).toContain('"api-key";r=2;');
  expect(await count(tokenOf("p", "u"), 3)).toEqual([200, 200, 429]);
});

test("429: an organisation's flood is refused, and another's calls are not", async () => {
  await using edge = await startLimited({ org: { tokens: 20 } });
  const [flood, others] = await Promise.all([
    Promise.all(Array.from({ length: 120 }, () => echo(edge, tokenOf("flooder", "u")))),
    statusesOf(20, () => echo(edge, tokenOf("other", "u"))),
  ]);
  expect(flood.filter(({ status }) => status === 200)).toHaveLength(20);
  expect(flood.filter(({ status }) => status === 429)).toHaveLength(100);
  expect(others).toEqual(Array(20).fill(200));
});

test("429: an address that calls too often is refused before anybody asks who calls", async () => {
  await using edge = await startLimited({ address: { tokens: 2 } });
  const from = (address: string) => ({ "x-forwarded-for": address });
  expect(await statusesOf(3, () => look(edge, from("192.0.2.1")))).toEqual([200, 200, 429]);
  const refused = await echo(edge, { ...from("192.0.2.1"), ...tokenOf("o", "u") });
  expect([refused.status, edge.verifications()]).toEqual([429, 0]);
  expect((await echo(edge, { ...from("192.0.2.2"), ...tokenOf("o", "u") })).status).toBe(200);
});

test("429: guessed credentials cost their address eleven times as much, and it is never shut out for long", async () => {
  await using edge = await startLimited({ address: { tokens: 22, refillMs: 22_000 } });
  const guess = () => echo(edge, { authorization: "Bearer guessed" });
  expect(await statusesOf(3, guess)).toEqual([401, 401, 429]);
  expect(edge.verifications()).toBe(2);
  const malformed = () => echo(edge, { authorization: "Basic eDp5" });
  edge.clock.nowMs += 11_000;
  expect(await statusesOf(2, malformed)).toEqual([401, 429]);
  expect(await statusesOf(1, () => look(edge))).toEqual([429]);
  edge.clock.nowMs += 1_000;
  expect(await statusesOf(2, () => look(edge))).toEqual([200, 429]);
});

test("429: many guesses at the same time are all counted", async () => {
  await using edge = await startLimited({ address: { tokens: 30, refillMs: 30_000 } });
  const guesses = await Promise.all(
    Array.from({ length: 40 }, (_, at) => echo(edge, { authorization: `Bearer guess-${at}` })),
  );
  expect(guesses.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(30);
  edge.clock.nowMs += 30_000;
  expect((await look(edge)).status).toBe(429);
  edge.clock.nowMs += 1_000;
  expect((await look(edge)).status).toBe(200);
});

test("429: what callers forward by themselves changes nothing, and a proxy's word does", async () => {
  const { limiter } = clockedLimiter();
  const admission = { limiter, limits: rateLimits({ address: { tokens: 2 } }) };
  await using edge = await startTestEdge({ admission });
  const spoofed = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => ({
    "x-forwarded-for": address,
    forwarded: `for=${address}`,
    "x-real-ip": address,
    "x-client-ip": address,
    "cf-connecting-ip": address,
    "true-client-ip": address,
    "x-sluice-client-address": address,
  }));
  const statuses = [];
  for (const headers of spoofed) statuses.push((await look(edge, headers)).status);
  expect(statuses).toEqual([200, 200, 429]);
  // A proxy appends the address that it sees to the header of its client.
  await using behind = await startLimited({ address: { tokens: 2 } });
  const through = (written: string) => look(behind, { "x-forwarded-for": `${written}, 203.0.113.9` });
  expect([
    (await through("192.0.2.1")).status,
    (await through("192.0.2.2")).status,
    (await through("192.0.2.3")).status,
  ]).toEqual([200, 200, 429]);
});

test("OK: a method takes the tokens that its contract says", async () => {
  expect(getOption(AuthService.method.issueToken, rate_cost)).toBe(10);
  expect(hasOption(AuthService.method.whoAmI, rate_cost)).toBe(false);
  await using edge = await startLimited({ address: { tokens: 25, refillMs: 25_000 } }, [AuthService]);
  const logIn = () =>
    http1(edge.port, "/api/v1/auth/token", { method: "POST", headers: json, body: '{"email":"a"}' });
  const lefts = [(await logIn()).headers.ratelimit, (await logIn()).headers.ratelimit];
  expect(lefts).toEqual(['"address";r=15;t=10', '"address";r=5;t=20']);
  const { status, headers } = await logIn();
  expect([status, headers["retry-after"]]).toEqual([429, "5"]);
});

test("OK: health is not counted, so that whoever looks after the edge is never refused", async () => {
  await using edge = await startLimited({ address: { tokens: 1 } });
  expect(await statusesOf(2, () => look(edge))).toEqual([200, 429]);
  expect(await statusesOf(3, () => http1(edge.port, "/health"))).toEqual([200, 200, 200]);
});
