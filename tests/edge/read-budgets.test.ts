import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LimitName, ReadLimits } from "../../edge/admission/limit.ts";
import type { Limiter } from "../../edge/admission/limiter.ts";
import { createReadBudget, readBytesMin } from "../../edge/admission/read-budget.ts";
import { tokensLeft } from "../../edge/admission/token-bucket.ts";
import { parseConfig } from "../../edge/config.ts";
import { parseProxies } from "../../edge/http/client-address.ts";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { principal } from "../lib/test-mesh.ts";
import { generated, kib, mib, type Storage, startStorage, upload } from "../storage/fixtures.ts";
import { clockedLimiter, rateLimits } from "./lib/admission.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { apiKeyOf, startTestEdge, type TestEdge, tokenOf } from "./lib/test-edge.ts";

const org = "10000000-0000-7000-8000-000000000001";
const user = "20000000-0000-7000-8000-000000000001";
const other = "20000000-0000-7000-8000-000000000002";
const bytes = generated(4 * mib);

let storage: Storage;
let file: File;
beforeAll(async () => {
  storage = await startStorage();
  file = await upload(storage, principal({ orgId: org, userId: user, roles: ["editor"] }), {
    content: bytes,
  });
});
afterAll(() => storage[Symbol.asyncDispose]());

/** A limit that is never reached. */
const wide = { tokens: 1e12, refillMs: 60_000, callsMax: 1_000 };

type Overrides = Partial<Record<LimitName, Partial<ReadLimits[LimitName]>>>;

const readLimits = (overrides: Overrides): ReadLimits => ({
  address: { ...wide, ...overrides.address },
  user: { ...wide, ...overrides.user },
  "api-key": { ...wide, ...overrides["api-key"] },
  org: { ...wide, ...overrides.org },
});

async function startLimited(
  overrides: Overrides,
  { calls = {}, folder = true }: { calls?: Parameters<typeof rateLimits>[0]; folder?: boolean } = {},
) {
  const { limiter, clock } = clockedLimiter();
  const edge = await startTestEdge({
    services: [FileService],
    upstreams: { storage: storage.address },
    admission: { limiter, limits: rateLimits(calls), readLimits: readLimits(overrides) },
    trustedProxies: parseProxies("127.0.0.1/32") ?? [],
    ...(folder && { storageDirectory: storage.directory }),
  });
  return Object.assign(edge, { clock });
}

const path = () => `/api/v1/storage/files/${file.fileId}/content`;
const range = { range: "bytes=0-9" };
const mine = tokenOf(org, user);
const read = (edge: TestEdge, headers: Record<string, string> = mine, send = http1): Promise<RawResponse> =>
  send(edge.port, path(), { headers: { ...headers, ...range } });
const reasonOf = ({ body }: RawResponse) => JSON.parse(body).error.details[0];

async function statusesOf(count: number, call: () => Promise<RawResponse>): Promise<number[]> {
  const statuses: number[] = [];
  for (let made = 0; made < count; made += 1) statuses.push((await call()).status);
  return statuses;
}

/** Allows two small reads within a minute. */
const two = { tokens: 128 * kib, refillMs: 60_000 };

describe.each([
  ["where the edge reads the files", true],
  ["where their bytes pass through the mesh", false],
])("%s", (_, folder) => {
  test("OK: reads are no calls, and calls no reads", async () => {
    await using edge = await startLimited({ user: two }, { folder, calls: { user: { tokens: 1 } } });
    const look = () => http1(edge.port, `/api/v1/storage/files/${file.fileId}`, { headers: mine });
    expect(await statusesOf(3, () => read(edge))).toEqual([206, 206, 429]);
    expect(await statusesOf(2, look)).toEqual([200, 429]);
    edge.clock.nowMs += 30_000;
    expect((await read(edge)).status).toBe(206);
  });

  test("429: a user that has read what it may, until the time that the refusal names", async () => {
    await using edge = await startLimited({ user: two }, { folder });
    const first = await read(edge);
    expect(first.headers).toMatchObject({
      "ratelimit-policy": expect.stringContaining(
        '"user-reads";q=131072;qu="content-bytes";w=60, "user-reads-open";q=1000;qu="concurrent-requests"',
      ),
      ratelimit: expect.stringContaining('"user-reads";r=65536;t=30'),
    });
    await read(edge, mine, http2);
    edge.clock.nowMs += 500;
    for (const send of [http1, http2]) {
      const refused = await read(edge, mine, send);
      expect([refused.status, refused.headers["retry-after"], reasonOf(refused)]).toEqual([
        429,
        "30",
        expect.objectContaining({
          reason: "RATE_LIMIT_EXCEEDED",
          metadata: { of: "user-reads", limit: "131072", windowSeconds: "60" },
        }),
      ]);
      expect(JSON.parse(refused.body).error.message).toBe(
        "the user has read as many bytes of files as it may: 131072 at once, and as many again in 60 s",
      );
    }
    edge.clock.nowMs += 29_500;
    expect((await read(edge)).status).toBe(206);
  });

  test("429: an organisation's users together, and no other organisation's", async () => {
    await using edge = await startLimited({ org: two }, { folder });
    const readers = [mine, tokenOf(org, other), apiKeyOf(org, "key")];
    const statuses = [];
    for (const headers of readers) statuses.push((await read(edge, headers)).status);
    expect(statuses).toEqual([206, 206, 429]);
    // The other organisation does not have the file, but it has a budget.
    expect((await read(edge, tokenOf(other, user))).status).toBe(404);
  });

  test("429: an API key for itself", async () => {
    await using edge = await startLimited({ "api-key": two }, { folder });
    expect(await statusesOf(3, () => read(edge, apiKeyOf(org, "key")))).toEqual([206, 206, 429]);
    expect((await read(edge, apiKeyOf(org, "another"))).status).toBe(206);
  });

  test("429: a signed URL by its holder's address, and by the organisation whose file it is", async () => {
    await using edge = await startLimited({ address: two, org: { ...two, tokens: 256 * kib } }, { folder });
    const files = storage.client(FileService, principal({ orgId: org, userId: user, roles: ["editor"] }));
    const { url } = await files.createSignedUrl({ fileId: file.fileId });
    const readFrom = (address: string) => () =>
      http1(edge.port, url, { headers: { ...range, "x-forwarded-for": address } });
    expect(await statusesOf(3, readFrom("203.0.113.1"))).toEqual([206, 206, 429]);
    // The first response tells the edge the organisation.
    expect(await statusesOf(3, readFrom("203.0.113.2"))).toEqual([206, 206, 429]);
    const refused = await readFrom("203.0.113.3")();
    expect([refused.status, refused.status === 206 || reasonOf(refused).metadata.of]).toEqual([206, true]);
    const last = await readFrom("203.0.113.4")();
    expect([last.status, reasonOf(last).metadata.of]).toEqual([429, "org-reads"]);
  });

  test("OK: a signed URL is known by its path, however its query is spelled", async () => {
    await using edge = await startLimited({}, { folder });
    const files = storage.client(FileService, principal({ orgId: org, userId: user, roles: ["editor"] }));
    const { url } = await files.createSignedUrl({ fileId: file.fileId });
    const policyAt = async (at: string) =>
      (await http1(edge.port, at, { headers: range })).headers["ratelimit-policy"];
    expect(await policyAt(url)).not.toContain("org-reads");
    expect(await policyAt(`${url}?&`)).toContain("org-reads");
  });

  test("429: reads that find nothing cost more than those that do", async () => {
    await using edge = await startLimited({ user: { tokens: 15 * mib, refillMs: 60_000 } }, { folder });
    const guess = (last: number) =>
      http1(edge.port, path().replace(file.fileId, `30000000-0000-7000-8000-00000000000${last}`), {
        headers: mine,
      });
    expect([(await guess(1)).status, (await guess(2)).status, (await guess(3)).status]).toEqual([
      404, 404, 429,
    ]);
  });

  test("OK: who guesses by a URL whose file is gone takes nothing from its organisation", async () => {
    await using edge = await startLimited({ org: { tokens: 15 * mib, refillMs: 60_000 } }, { folder });
    const editor = principal({ orgId: org, userId: user, roles: ["editor"] });
    const files = storage.client(FileService, editor);
    const { fileId } = await upload(storage, editor, { content: generated(10) });
    const { url } = await files.createSignedUrl({ fileId });
    expect((await http1(edge.port, url)).status).toBe(200);
    await files.deleteFile({ fileId });
    expect(await statusesOf(4, () => http1(edge.port, url))).toEqual([404, 404, 404, 404]);
    expect((await read(edge)).status).toBe(206);
  });

  test("429: as many reads on their way as there may be, and one more when one has ended", async () => {
    await using edge = await startLimited({ user: { callsMax: 1 } }, { folder });
    const editor = principal({ orgId: org, userId: user, roles: ["editor"] });
    // Larger than all buffers of the connection, so the read is in progress until the client reads.
    const { fileId } = await upload(storage, editor, { name: "large.bin", content: generated(32 * mib) });
    const large = path().replace(file.fileId, fileId);
    const sent = request({ port: edge.port, path: large, headers: mine, agent: false }).end();
    const [running] = (await once(sent, "response")) as [IncomingMessage];
    const refused = await read(edge);
    expect([refused.status, refused.headers["retry-after"], reasonOf(refused).reason]).toEqual([
      429,
      "1",
      "CONCURRENCY_LIMIT_EXCEEDED",
    ]);
    expect(JSON.parse(refused.body).error.message).toBe(
      "the user has as many reads of files on their way as it may: 1",
    );
    expect((await read(edge, tokenOf(org, other))).status).toBe(206);
    sent.destroy();
    await once(running, "close").catch(() => undefined);
    await expect.poll(async () => (await read(edge)).status).toBe(206);
  });

  test("OK: a large read goes on as its budget is filled, and no faster", async () => {
    await using edge = await startLimited({ user: { tokens: mib, refillMs: 1_000 } }, { folder });
    const sent = request({ port: edge.port, path: path(), headers: mine, agent: false }).end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    let received = 0;
    answer.on("data", (chunk: Buffer) => {
      received += chunk.byteLength;
    });
    const ended = once(answer, "end");
    await expect.poll(() => received).toBeGreaterThan(mib / 2);
    // One chunk is sent when the bucket is empty; its debt is paid as the clock advances.
    for (const mibs of [1, 2]) {
      expect(received).toBeLessThanOrEqual((mibs + 1) * mib);
      edge.clock.nowMs += 1_000;
      await expect.poll(() => received, { timeout: 5_000 }).toBeGreaterThan(mibs * mib);
    }
    const timer = setInterval(() => {
      edge.clock.nowMs += 1_000;
    }, 10);
    await ended;
    clearInterval(timer);
    expect(received).toBe(bytes.length);
  });
});

test("OK: a large read is granted where small ones take what comes", async () => {
  const granted: number[] = [];
  // The budget that small reads leave.
  const limiter: Limiter = {
    acquire(requests) {
      const isGranted = requests.every(({ cost }) => cost <= readBytesMin);
      if (isGranted) granted.push(...requests.map(({ cost }) => cost));
      const state = { backlogMs: 0, waitMs: isGranted ? 0 : 1, isBusy: false };
      return { states: requests.map(() => state), release: isGranted ? () => {} : undefined };
    },
    charge() {},
    async [Symbol.asyncDispose]() {},
  };
  const owner = { name: "org", key: org } as const;
  const budget = createReadBudget({ limiter, limits: readLimits({}) }, { onClosed() {} }, [owner]);
  await budget.spend(mib + readBytesMin);
  expect(granted).toEqual(Array.from({ length: 16 }, () => readBytesMin));
});

test("OK: nobody is told of more bytes than a budget holds", () => {
  const limit = { tokens: 60_000_000_000, refillMs: 60_000, callsMax: 1 };
  expect(tokensLeft(limit, 0)).toBe(60_000_000_000);
  expect(tokensLeft(limit, 0.05)).toBe(60_000_000_000);
  expect(tokensLeft(limit, 30_000)).toBeLessThan(30_001_000_000);
});

test("ResourceExhausted: by Connect, too", async () => {
  await using edge = await startLimited({ user: two });
  const client = createClient(
    FileService,
    createConnectTransport({ baseUrl: edge.url, httpVersion: "1.1", useBinaryFormat: true }),
  );
  const reads = async () => {
    const answers = client.downloadFile({ fileId: file.fileId, range: "bytes=0-9" }, { headers: mine });
    try {
      await Array.fromAsync(answers);
      return "OK";
    } catch (error) {
      return Code[ConnectError.from(error).code];
    }
  };
  expect([await reads(), await reads(), await reads()]).toEqual(["OK", "OK", "ResourceExhausted"]);
});

const env = {
  ...serviceAddresses("127.0.0.1:1"),
};

test.each(["65535/1", "100", "1/0", "1000000000000001/60", "x/60"])("Error: READ_LIMIT_USER %s", (value) => {
  expect(() => parseConfig({ ...env, READ_LIMIT_USER: value })).toThrow(/READ_LIMIT_USER/);
});
