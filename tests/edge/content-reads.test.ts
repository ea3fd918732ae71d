import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  flipByte,
  generated,
  mib,
  type Storage,
  startStorage,
  startStorageIn,
  upload,
} from "../storage/fixtures.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { bearer, orgId, startTestEdge, type TestEdge, tokenOf, userId } from "./lib/test-edge.ts";

const who = principal({ orgId, userId, roles: ["editor"] });
const content = generated(2 * mib + 5).toString("latin1");
const bytes = Buffer.from(content, "latin1");

let storage: Storage;
let edge: TestEdge;
beforeAll(async () => {
  storage = await startStorage();
  edge = await edgeTo(storage.address);
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

const edgeTo = (address: string): Promise<TestEdge> =>
  startTestEdge({
    services: [FileService, BlobService],
    upstreams: { storage: address },
    storageDirectory: storage.directory,
  });

type Sent = { headers?: Record<string, string>; method?: string };

const pathOf = ({ fileId }: File) => `/api/v1/storage/files/${fileId}/content`;
const get = (path: string, { headers = {}, ...sent }: Sent = {}, send = http1): Promise<RawResponse> =>
  send(edge.port, path, { ...sent, headers: { ...bearer, ...headers } });
const part = (path: string, range = "bytes=3-9") => get(path, { headers: { range } });

/** A file that the edge has cached, because it was read once through storage. */
async function heldFile(seed = 1): Promise<{ file: File; path: string; bytes: Buffer }> {
  const bytes = generated(1000, seed);
  const file = await upload(storage, who, { content: bytes });
  const path = pathOf(file);
  expect((await part(path)).bytes.equals(bytes.subarray(3, 10))).toBe(true);
  return { file, path, bytes };
}

const reasonOf = ({ body }: RawResponse) => JSON.parse(body).error.details[0].reason;

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("over %s", (_, send) => {
  test("OK: ranges of any size, the whole and HEAD, the first time and again", async () => {
    const path = pathOf(await upload(storage, who, { content: bytes }));
    const end = bytes.length;
    const ranges = [
      [0, 1],
      [10, 65_546],
      [5, mib + 5],
      [5, mib + 6],
      [1, end],
      [end - 1, end],
    ] as const;
    for (let round = 0; round < 2; round += 1) {
      for (const [from, to] of ranges) {
        const answer = await get(path, { headers: { range: `bytes=${from}-${to - 1}` } }, send);
        const { status, headers } = answer;
        expect([status, headers["content-range"], headers["content-length"]]).toEqual([
          206,
          `bytes ${from}-${to - 1}/${end}`,
          String(to - from),
        ]);
        expect(answer.bytes.equals(bytes.subarray(from, to))).toBe(true);
      }
      expect((await get(path, {}, send)).bytes.equals(bytes)).toBe(true);
      const head = await get(path, { method: "HEAD" }, send);
      expect([head.status, head.headers["content-length"], head.body]).toEqual([200, String(end), ""]);
    }
  });
});

test("OK: what is held answers as storage itself does", async () => {
  const { file, path } = await heldFile();
  await using plain = await startTestEdge({
    services: [FileService],
    upstreams: { storage: storage.address },
  });
  const etag = `"${file.sha256}"`;
  const stored = (await get(path)).headers["last-modified"] as string;
  const before = "Mon, 01 Jan 2024 00:00:00 GMT";
  const asked: Record<string, string>[] = [
    {},
    { range: "bytes=5-7" },
    { range: "bytes=-3" },
    { range: "bytes=1-2,4-5" },
    { range: "bytes=1000-" },
    { range: "bytes=5-7", "if-range": '"other"' },
    { range: "bytes=5-7", "if-range": stored },
    { "if-none-match": etag },
    { "if-none-match": '"other"', "if-modified-since": stored },
    { "if-modified-since": stored },
    { "if-modified-since": before },
    { "if-match": etag },
    { "if-match": '"nope"' },
    { "if-match": `W/${etag}` },
    { "if-unmodified-since": stored },
    { "if-unmodified-since": before },
    { range: "x".repeat(300) },
  ];
  for (const headers of asked) {
    const told = ({ status, headers, body }: RawResponse) => {
      const { date, "x-request-id": _, "content-type": type, ...rest } = headers;
      return {
        status,
        type: status !== 304 && type,
        headers: rest,
        body: body.replaceAll(/"requestId":"[^"]*"/g, ""),
      };
    };
    const held = await get(path, { headers });
    const passed = await http1(plain.port, path, { headers: { ...bearer, ...headers } });
    expect({ headers, answer: told(held) }).toEqual({ headers, answer: told(passed) });
  }
});

test("412: another ETag in If-Match, and an earlier date in If-Unmodified-Since", async () => {
  const { path } = await heldFile();
  for (const headers of [
    { "if-match": '"nope"' },
    { "if-unmodified-since": "Mon, 01 Jan 2024 00:00:00 GMT" },
  ]) {
    const answer = await get(path, { headers });
    expect([answer.status, reasonOf(answer)]).toEqual([412, "ETAG_MISMATCH"]);
  }
});

test("400: a held file that is asked for with a body or a query, as before it was held", async () => {
  const { path } = await heldFile();
  const withBody = await http1(edge.port, path, { headers: bearer, body: "x" });
  expect(withBody.status).toBe(400);
  expect((await get(`${path}?soup=1`)).status).toBe(400);
  expect((await get(`${path}?range=bytes%3D1-2`)).headers["content-range"]).toBe("bytes 1-2/1000");
});

test("404: a file that was removed, at once", async () => {
  const { file, path } = await heldFile();
  await storage.client(FileService, who).deleteFile({ fileId: file.fileId });
  expect((await part(path)).status).toBe(404);
  expect((await get(path, { method: "HEAD" })).status).toBe(404);
});

test("404: a file that another process of storage has removed, at once", async () => {
  const { file, path } = await heldFile();
  await using neighbour = await startStorageIn(storage.database, storage.directory);
  await neighbour.client(FileService, who).deleteFile({ fileId: file.fileId });
  expect((await part(path)).status).toBe(404);
});

test("404: the path of a held file, for another organisation", async () => {
  const { path } = await heldFile();
  const headers = { ...tokenOf(randomUUID(), randomUUID()), range: "bytes=3-9" };
  expect((await http1(edge.port, path, { headers })).status).toBe(404);
});

test("401: the path of a held file, without a credential or with one that is none", async () => {
  const { path } = await heldFile();
  expect((await http1(edge.port, path)).status).toBe(401);
  expect((await get(path, { headers: { authorization: "Bearer stolen" } })).status).toBe(401);
});

test("OK: a held file that is renamed has its new name at once", async () => {
  const { file, path } = await heldFile();
  await storage.client(FileService, who).updateFile({ file: { fileId: file.fileId, name: "new.csv" } });
  expect((await part(path)).headers["content-disposition"]).toBe('attachment; filename="new.csv"');
});

test("500: a held content that was written to, also where the range is not", async () => {
  const { file, path } = await heldFile(11);
  await flipByte(join(storage.directory, blobPath(who, file.sha256)), 900);
  const answer = await part(path);
  expect([answer.status, reasonOf(answer)]).toEqual([500, "CONTENT_CORRUPT"]);
});

test("OK: a damaged content that an upload has healed", async () => {
  const { file, path, bytes } = await heldFile(12);
  await flipByte(join(storage.directory, blobPath(who, file.sha256)), 5);
  expect((await part(path)).status).toBe(500);
  await upload(storage, who, { content: bytes });
  expect((await part(path)).bytes.equals(bytes.subarray(3, 10))).toBe(true);
});

test("503: a held file while storage does not answer", async () => {
  const { path } = await heldFile(13);
  const stopped = await startStorageIn(storage.database, storage.directory);
  await using own = await edgeTo(stopped.address);
  expect((await http1(own.port, path, { headers: bearer })).status).toBe(200);
  await stopped[Symbol.asyncDispose]();
  const answer = await http1(own.port, path, { headers: bearer });
  expect([answer.status, reasonOf(answer)]).toEqual([503, "UPSTREAM_UNAVAILABLE"]);
});

test("404: a signed URL whose file is removed, and one that has expired", async () => {
  const { file } = await heldFile();
  const files = storage.client(FileService, who);
  const { url } = await files.createSignedUrl({ fileId: file.fileId });
  const { url: short } = await files.createSignedUrl({ fileId: file.fileId, lifetime: { seconds: 3n } });
  const read = async (path: string) =>
    (await http1(edge.port, path, { headers: { range: "bytes=0-0" } })).status;
  expect([await read(url), await read(url), await read(short)]).toEqual([206, 206, 206]);
  await expect.poll(() => read(short), { timeout: 10_000 }).toBe(404);
  expect(await read(url)).toBe(206);
  await files.deleteFile({ fileId: file.fileId });
  expect(await read(url)).toBe(404);
});
