import { randomUUID } from "node:crypto";
import { open, readdir, readlink, rm, truncate, utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  fileMissing,
  filesIn,
  flipByte,
  generated,
  kib,
  lacking,
  mib,
  startStorage,
  startStorageIn,
  upload,
} from "./fixtures.ts";
import { removeFile } from "./trash-fixtures.ts";

const storage = forFile(startStorage);

const who = principal();
const digits = "0123456789";

const date = ({ createTime }: File) => new Date(Number(createTime?.seconds) * 1000).toUTCString();

const cacheHeaders = (file: File) => ({
  etag: `"${file.sha256}"`,
  "last-modified": date(file),
  "cache-control": "private",
});

const contentHeaders = (file: File) => ({
  ...cacheHeaders(file),
  "content-type": "text/csv",
  "accept-ranges": "bytes",
  "content-disposition": 'attachment; filename="data.csv"',
  "x-content-type-options": "nosniff",
});

const text = ({ bytes, ...head }: Awaited<ReturnType<typeof download>>) => ({
  ...head,
  body: bytes.toString(),
});

test("OK: 200 with every header and all bytes", async () => {
  const file = await upload(storage(), who, { content: digits });
  expect(text(await download(storage(), who, { fileId: file.fileId }))).toEqual({
    status: 200,
    contentType: "text/csv",
    headers: { ...contentHeaders(file), "content-length": "10" },
    body: digits,
  });
});

test.each([0, 1, 512 * kib - 1, 512 * kib, 512 * kib + 1, 3 * mib + 5])(
  "OK: all of %i bytes",
  async (size) => {
    const content = generated(size, size + 1);
    const file = await upload(storage(), who, { content });
    const { headers, bytes } = await download(storage(), who, { fileId: file.fileId });
    expect(headers["content-length"]).toBe(String(size));
    expect(bytes.equals(content)).toBe(true);
  },
);

test.each([
  ["bytes=0-3", "0123", "bytes 0-3/10"],
  ["bytes=4-", "456789", "bytes 4-9/10"],
  ["bytes=-3", "789", "bytes 7-9/10"],
  ["bytes=-99", digits, "bytes 0-9/10"],
  ["bytes=8-99", "89", "bytes 8-9/10"],
  ["bytes=9-9", "9", "bytes 9-9/10"],
  ["Bytes = 0 - 0", "0", "bytes 0-0/10"],
])("OK: 206 for %s", async (range, body, contentRange) => {
  const file = await upload(storage(), who, { content: digits });
  expect(text(await download(storage(), who, { fileId: file.fileId, range }))).toEqual({
    status: 206,
    contentType: "text/csv",
    headers: {
      ...contentHeaders(file),
      "content-length": String(body.length),
      "content-range": contentRange,
    },
    body,
  });
});

test("OK: the head of the whole and of a range alone, for which no byte is read", async () => {
  const { fileId, sha256 } = await upload(storage(), who, { content: "only its head" });
  const heads = async () => {
    const whole = await download(storage(), who, { fileId, headOnly: true });
    const part = await download(storage(), who, { fileId, headOnly: true, range: "bytes=-4" });
    return [whole, part].map(({ status, headers, bytes }) => [
      status,
      headers["content-length"],
      headers["content-range"],
      bytes.length,
    ]);
  };
  const expected = [
    [200, "13", undefined, 0],
    [206, "4", "bytes 9-12/13", 0],
  ];
  expect(await heads()).toEqual(expected);
  await rm(join(storage().directory, blobPath(who, sha256)));
  expect(await heads()).toEqual(expected);
});

test("OK: 206 for a range over several pieces", async () => {
  const content = generated(4 * mib, 3);
  const { fileId } = await upload(storage(), who, { content });
  const { status, bytes } = await download(storage(), who, { fileId, range: "bytes=100-3145900" });
  expect(status).toBe(206);
  expect(bytes.equals(content.subarray(100, 3_145_901))).toBe(true);
});

test.each([
  "bytes=0-1,5-2",
  "bytes=",
  "bytes=,",
  "rows=0-1",
  "bytes=5-2",
  "bytes=-",
  "bytes=a-b",
  "soup",
  "bytes=1-2-3",
])("OK: 200 for %s, which is no list of ranges of bytes", async (range) => {
  const { fileId } = await upload(storage(), who, { content: digits });
  expect(text(await download(storage(), who, { fileId, range }))).toMatchObject({
    status: 200,
    body: digits,
  });
});

test.each([
  [
    "bytes=0-1,8-9",
    [
      [0, 1],
      [8, 9],
    ],
  ],
  [
    "bytes=8-, 0-1 ,,3-3",
    [
      [8, 9],
      [0, 1],
      [3, 3],
    ],
  ],
  [
    "bytes=99-,-1,0-0",
    [
      [9, 9],
      [0, 0],
    ],
  ],
])("OK: 206 with the parts of %s", async (range, spans) => {
  const file = await upload(storage(), who, { content: digits });
  const delimiter = `sluice-${file.sha256.slice(0, 60)}`;
  const parts = spans.map(
    ([first = 0, last = 0]) =>
      `--${delimiter}\r\ncontent-type: text/csv\r\ncontent-range: bytes ${first}-${last}/10\r\n\r\n` +
      `${digits.slice(first, last + 1)}\r\n`,
  );
  const body = `${parts.join("")}--${delimiter}--\r\n`;
  const type = `multipart/byteranges; boundary=${delimiter}`;
  expect(text(await download(storage(), who, { fileId: file.fileId, range }))).toEqual({
    status: 206,
    contentType: type,
    headers: { ...contentHeaders(file), "content-type": type, "content-length": String(body.length) },
    body,
  });
});

test.each(["bytes=0-1,2-3", "bytes=2-3,0-1", "bytes=0-3,1-2,99-"])(
  "OK: 206 with one range for %s, which are one together",
  async (range) => {
    const { fileId } = await upload(storage(), who, { content: digits });
    const { status, headers, bytes } = await download(storage(), who, { fileId, range });
    expect([status, headers["content-range"], bytes.toString()]).toEqual([206, "bytes 0-3/10", "0123"]);
  },
);

test("OK: 200 for the last bytes of an empty file", async () => {
  const { fileId } = await upload(storage(), who, { content: "" });
  expect(text(await download(storage(), who, { fileId, range: "bytes=-5" }))).toMatchObject({
    status: 200,
    body: "",
  });
});

test.each([
  ["bytes=10-", digits],
  ["bytes=99-100", digits],
  ["bytes=-0", digits],
  ["bytes=0-", ""],
  [`bytes=${"9".repeat(400)}-`, digits],
])("OutOfRange: %s of a content of that many bytes", async (range, content) => {
  const { fileId } = await upload(storage(), who, { content });
  expect(await failureOf(download(storage(), who, { fileId, range }))).toEqual({
    code: "OutOfRange",
    reason: "RANGE_NOT_SATISFIABLE",
    metadata: { size_bytes: String(content.length), "content-range": `bytes */${content.length}` },
  });
});

test.each([
  ["its ETag", (etag: string) => etag],
  ["its ETag, weak", (etag: string) => `W/${etag}`],
  ["a list with its ETag", (etag: string) => `"other", ${etag} ,W/"third"`],
  ["any", () => " * "],
])("OK: 304 without bytes when If-None-Match is %s", async (_title, header) => {
  const file = await upload(storage(), who, { content: digits });
  const ifNoneMatch = header(`"${file.sha256}"`);
  expect(
    text(await download(storage(), who, { fileId: file.fileId, ifNoneMatch, range: "bytes=99-" })),
  ).toEqual({
    status: 304,
    contentType: "text/csv",
    headers: cacheHeaders(file),
    body: "",
  });
});

test.each(['"other"', "soup"])("OK: 200 when If-None-Match is %s", async (ifNoneMatch) => {
  const { fileId } = await upload(storage(), who, { content: digits });
  expect(await download(storage(), who, { fileId, ifNoneMatch })).toMatchObject({ status: 200 });
});

test.each([
  ["its ETag", (etag: string) => etag, 206],
  ["another ETag", () => '"other"', 200],
  ["its ETag, weak", (etag: string) => `W/${etag}`, 200],
  ["a date", () => "Wed, 21 Oct 2026 07:28:00 GMT", 200],
])("OK: a range with %s in If-Range", async (_title, header, status) => {
  const { fileId, sha256 } = await upload(storage(), who, { content: digits });
  const ifRange = header(`"${sha256}"`);
  expect(await download(storage(), who, { fileId, range: "bytes=0-1", ifRange })).toMatchObject({ status });
});

const mismatch = { code: "Aborted", reason: "ETAG_MISMATCH", metadata: {} };
const dateAfter = (file: File, seconds: number) =>
  new Date(Number(file.createTime?.seconds ?? 0n) * 1000 + seconds * 1000).toUTCString();

test.each([
  ["another ETag in If-Match", () => ({ ifMatch: '"nope"' })],
  ["a text that is no ETag", () => ({ ifMatch: "nope" })],
  ["its ETag, weak", ({ sha256 }: File) => ({ ifMatch: `W/"${sha256}"` })],
  ["an earlier date in If-Unmodified-Since", (file: File) => ({ ifUnmodifiedSince: dateAfter(file, -1) })],
  [
    "a wrong ETag beside its own in If-None-Match",
    ({ sha256 }: File) => ({ ifMatch: '"nope"', ifNoneMatch: `"${sha256}"` }),
  ],
  ["a wrong ETag beside a range that it has not", () => ({ ifMatch: '"nope"', range: "bytes=99-" })],
])("Aborted: %s", async (_title, conditionsOf) => {
  const file = await upload(storage(), who, { content: digits });
  expect(await failureOf(download(storage(), who, { fileId: file.fileId, ...conditionsOf(file) }))).toEqual(
    mismatch,
  );
});

test.each([
  ["its ETag in If-Match", ({ sha256 }: File) => ({ ifMatch: `"other", "${sha256}"` }), 200],
  ["any in If-Match", () => ({ ifMatch: " * " }), 200],
  [
    "its ETag beside an earlier date",
    (file: File) => ({ ifMatch: `"${file.sha256}"`, ifUnmodifiedSince: dateAfter(file, -1) }),
    200,
  ],
  ["its date in If-Unmodified-Since", (file: File) => ({ ifUnmodifiedSince: dateAfter(file, 0) }), 200],
  ["what is no date", () => ({ ifUnmodifiedSince: "2020-01-01", ifModifiedSince: "2099-01-01" }), 200],
  ["its date in If-Modified-Since", (file: File) => ({ ifModifiedSince: dateAfter(file, 0) }), 304],
  ["an earlier date in If-Modified-Since", (file: File) => ({ ifModifiedSince: dateAfter(file, -1) }), 200],
  [
    "its date beside another ETag",
    (file: File) => ({ ifModifiedSince: dateAfter(file, 0), ifNoneMatch: '"other"' }),
    200,
  ],
  [
    "a range with its date in If-Range",
    (file: File) => ({ range: "bytes=0-1", ifRange: dateAfter(file, 0) }),
    206,
  ],
  [
    "a range with a later date in If-Range",
    (file: File) => ({ range: "bytes=0-1", ifRange: dateAfter(file, 1) }),
    200,
  ],
])("OK: %s", async (_title, conditionsOf, status) => {
  const file = await upload(storage(), who, { content: digits });
  expect(await download(storage(), who, { fileId: file.fileId, ...conditionsOf(file) })).toMatchObject({
    status,
  });
});

test.each([
  [
    'a "quoted" %.csv',
    `attachment; filename="a _quoted_ _.csv"; filename*=UTF-8''a%20%22quoted%22%20%25.csv`,
  ],
  [
    "größe 🙂 (1)'s.csv",
    `attachment; filename="gr__e _ (1)'s.csv"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%F0%9F%99%82%20%281%29%27s.csv`,
  ],
])("OK: the name %s in Content-Disposition", async (name, disposition) => {
  const { fileId } = await upload(storage(), who, { name });
  const { headers } = await download(storage(), who, { fileId });
  expect(headers["content-disposition"]).toBe(disposition);
});

const corrupt = (hash: string) => ({
  code: "DataLoss",
  reason: "CONTENT_CORRUPT",
  metadata: { sha256: hash },
});

test("DataLoss: one flipped byte of a small content, before any byte leaves", async () => {
  const file = await upload(storage(), who, { content: generated(1000, 21) });
  await flipByte(join(storage().directory, blobPath(who, file.sha256)), 500);
  const answers = storage().client(FileService, who).downloadFile({ fileId: file.fileId });
  expect(await failureOf(answers[Symbol.asyncIterator]().next())).toEqual(corrupt(file.sha256));
});

test("DataLoss: one flipped byte of a large content, before its last byte leaves", async () => {
  const content = generated(3 * mib, 22);
  const file = await upload(storage(), who, { content });
  await flipByte(join(storage().directory, blobPath(who, file.sha256)), 10);
  let received = 0;
  const read = async () => {
    for await (const { data } of storage().client(FileService, who).downloadFile({ fileId: file.fileId }))
      received += data.length;
  };
  expect(await failureOf(read())).toEqual(corrupt(file.sha256));
  expect(received).toBeLessThan(content.length);
});

test("DataLoss: a range of a content that was written to, also where it was not, with the time set back", async () => {
  const file = await upload(storage(), who, { content: generated(2 * mib, 23) });
  const path = join(storage().directory, blobPath(who, file.sha256));
  const request = { fileId: file.fileId, range: "bytes=0-9" };
  expect(await download(storage(), who, request)).toMatchObject({ status: 206 });
  await using handle = await open(path);
  const { atime, mtime } = await handle.stat();
  await flipByte(path, mib);
  await utimes(path, atime, mtime);
  expect(await failureOf(download(storage(), who, request))).toEqual(corrupt(file.sha256));
});

test("DataLoss: a content that was cut off, and one that is gone", async () => {
  const file = await upload(storage(), who, { content: generated(2 * mib, 24) });
  const path = join(storage().directory, blobPath(who, file.sha256));
  const requests = [{ fileId: file.fileId }, { fileId: file.fileId, range: "bytes=0-9" }];
  for (const damage of [() => truncate(path, mib), () => rm(path)]) {
    await damage();
    for (const request of requests) {
      expect(await failureOf(download(storage(), who, request))).toEqual(corrupt(file.sha256));
    }
  }
});

test("OK: a range after a restart, when nothing was verified yet", async () => {
  const content = generated(2 * mib, 25);
  const { fileId } = await upload(storage(), who, { content });
  await using restarted = await startStorageIn(storage().database, storage().directory);
  const ranges = Array.from({ length: 8 }, (_, index) =>
    download(restarted, who, { fileId, range: `bytes=${index}-9` }),
  );
  for (const [index, { bytes }] of (await Promise.all(ranges)).entries()) {
    expect(bytes.equals(content.subarray(index, 10))).toBe(true);
  }
});

test("OK: a caller who goes away half-way keeps no removed content open", async () => {
  await using collecting = await startStorage({ graceMs: 0, collectMs: 10 });
  const { fileId, sha256 } = await upload(collecting, who, { content: generated(16 * mib, 26) });
  const files = collecting.client(FileService, who);
  const gone = new AbortController();
  const answers = files.downloadFile({ fileId }, { signal: gone.signal })[Symbol.asyncIterator]();
  await answers.next();
  expect(await descriptorsOf(sha256)).toHaveLength(1);
  await removeFile(collecting, who, fileId);
  await expect.poll(() => filesIn(collecting.directory)).toEqual([]);
  expect(await descriptorsOf(sha256)).toHaveLength(1);
  gone.abort();
  await expect.poll(() => descriptorsOf(sha256)).toEqual([]);
});

/** Open files of this process, in which the service runs, whose path contains the hash. */
async function descriptorsOf(hash: string): Promise<string[]> {
  const links = (await readdir("/proc/self/fd")).map((name) => readlink(`/proc/self/fd/${name}`));
  const paths = await Promise.allSettled(links);
  return paths.flatMap((path) =>
    path.status === "fulfilled" && path.value.includes(hash) ? [path.value] : [],
  );
}

test("NotFound: an unknown file and another organisation's", async () => {
  const { fileId } = await upload(storage(), principal());
  for (const id of [fileId, randomUUID()]) {
    expect(await failureOf(download(storage(), who, { fileId: id }))).toEqual(fileMissing(id));
  }
});

test.each([
  ["an id that is none", { fileId: "me" }, "file_id"],
  ["a range above 4 KiB", { fileId: randomUUID(), range: "x".repeat(4097) }, "range"],
  ["an If-Range above 1 KiB", { fileId: randomUUID(), ifRange: "x".repeat(1025) }, "if_range"],
  ["an If-None-Match above 4 KiB", { fileId: randomUUID(), ifNoneMatch: "x".repeat(4097) }, "if_none_match"],
])("InvalidArgument: %s", async (_title, request, field) => {
  expect(await failureOf(download(storage(), who, request))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("PermissionDenied: somebody without a role", async () => {
  const call = download(storage(), principal({ roles: [] }), { fileId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.files.read"));
});
