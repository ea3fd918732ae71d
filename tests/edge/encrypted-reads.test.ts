import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import { newMasterKey } from "../storage/encryption-fixtures.ts";
import {
  blobPath,
  flipByte,
  generated,
  mib,
  type Storage,
  startStorage,
  upload,
} from "../storage/fixtures.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

const who = principal({ orgId, userId, roles: ["editor"] });
const bytes = generated(2 * mib + 5);

let storage: Storage;
let edge: TestEdge;
beforeAll(async () => {
  storage = await startStorage({}, undefined, { masterKey: newMasterKey() });
  edge = await startTestEdge({
    services: [FileService, BlobService],
    upstreams: { storage: storage.address },
    storageDirectory: storage.directory,
  });
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

const pathOf = ({ fileId }: File) => `/api/v1/storage/files/${fileId}/content`;
const get = (path: string, range: string | undefined, send = http1): Promise<RawResponse> =>
  send(edge.port, path, { headers: { ...bearer, ...(range && { range }) } });

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("over %s", (_, send) => {
  test("OK: an encrypted file whole and in ranges of any size, the first time and again", async () => {
    const path = pathOf(await upload(storage, who, { content: bytes }));
    const end = bytes.length;
    for (let round = 0; round < 2; round += 1) {
      for (const [from, to] of [
        [0, 1],
        [10, 65_546],
        [65_536, 131_072],
        [5, mib + 5],
        [5, mib + 6],
        [1, end],
        [end - 1, end],
      ] as const) {
        const { status, headers, bytes: part } = await get(path, `bytes=${from}-${to - 1}`, send);
        expect([status, headers["content-range"], headers["content-length"]]).toEqual([
          206,
          `bytes ${from}-${to - 1}/${end}`,
          String(to - from),
        ]);
        expect(part.equals(bytes.subarray(from, to))).toBe(true);
      }
      expect((await get(path, undefined, send)).bytes.equals(bytes)).toBe(true);
    }
  });
});

test("OK: several ranges of an encrypted file in one response", async () => {
  const path = pathOf(await upload(storage, who, { content: bytes }));
  for (let round = 0; round < 2; round += 1) {
    const { status, headers, bytes: body } = await get(path, "bytes=0-9,70000-200000,2000000-2000009");
    expect([status, headers["content-type"]]).toEqual([
      206,
      expect.stringMatching(/^multipart\/byteranges; boundary=/),
    ]);
    for (const [from, to] of [
      [0, 10],
      [70_000, 200_001],
      [2_000_000, 2_000_010],
    ] as const) {
      expect(body.includes(bytes.subarray(from, to))).toBe(true);
    }
  }
});

test("OK: an empty encrypted file", async () => {
  const path = pathOf(await upload(storage, who, { content: "" }));
  for (let round = 0; round < 2; round += 1) {
    const { status, bytes: empty } = await get(path, undefined);
    expect([status, empty.length]).toEqual([200, 0]);
  }
});

test("OK: the key of a file is in no answer", async () => {
  const file = await upload(storage, who, { content: bytes });
  const { status, headers, bytes: part } = await get(pathOf(file), "bytes=0-9");
  expect([status, part.length]).toEqual([206, 10]);
  expect(JSON.stringify(headers)).not.toContain("key");
});

test("500: a damaged segment is an error, small or in a stream, held or not, and the other segments are sent", async () => {
  const content = generated(3 * mib, 77);
  const file = await upload(storage, who, { content });
  const path = pathOf(file);
  expect((await get(path, "bytes=0-9")).status).toBe(206);
  await flipByte(join(storage.directory, blobPath(who, file.sha256)), 1000);
  for (let round = 0; round < 2; round += 1) {
    for (const range of ["bytes=0-9", "bytes=0-2999999"]) {
      const { status, body } = await get(path, range);
      expect([status, JSON.parse(body).error.details[0].reason]).toEqual([500, "CONTENT_CORRUPT"]);
    }
    const good = await get(path, "bytes=65536-2999999");
    expect(good.bytes.equals(content.subarray(65_536, 3_000_000))).toBe(true);
  }
});
