import fc from "fast-check";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { generated, mib, startStorage, upload } from "../storage/fixtures.ts";
import { readParts } from "./lib/byte-ranges.ts";
import { http1, type RawResponse } from "./lib/raw-http.ts";
import { bearer, orgId, startTestEdge, userId } from "./lib/test-edge.ts";

const who = principal({ orgId, userId, roles: ["editor"] });
const sizes = [0, 1, 2, 60, 5000, 3 * mib + 7];
const contents = sizes.map((size) => generated(size, size + 5));

const storage = forFile(startStorage);
/** Bytes through the mesh. */
const plain = forFile(() =>
  startTestEdge({ services: [FileService], upstreams: { storage: storage().address } }),
);
/** Bytes from the folder of storage. */
const shared = forFile(() =>
  startTestEdge({
    services: [FileService, BlobService],
    upstreams: { storage: storage().address },
    storageDirectory: storage().directory,
  }),
);
const paths = forFile(async () => {
  const files = await Promise.all(contents.map((content) => upload(storage(), who, { content })));
  return files.map(({ fileId }) => `/api/v1/storage/files/${fileId}/content`);
});

const edges = () => [plain(), shared()];
const get = (port: number, path: string, range: string) =>
  http1(port, path, { headers: { ...bearer, range } });

/** A range as RFC 9110 means it: both positions, or one of them. */
type Asked = { first?: number | undefined; last?: number | undefined };

/** The positions of a content that a range selects, written down one by one. */
function positionsOf({ first, last }: Asked, size: number): number[] {
  const all = Array.from({ length: size }, (_, at) => at);
  if (first === undefined) return all.slice(last === undefined ? 0 : Math.max(0, size - last));
  return all.filter((at) => at >= first && (last === undefined || at <= last));
}

const writtenAs = ({ first = "", last = "" }: { first?: unknown; last?: unknown }) => `${first}-${last}`;

/** Ranges around a content of some size, as they and as they are written, with the spaces that lists may have. */
const askedOf = (size: number) => {
  const position = fc.oneof(fc.nat(size + 3), fc.nat(10), fc.constantFrom(size, Math.max(0, size - 1)));
  const closed = fc
    .tuple(position, position)
    .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
  const open = position.map((first): Asked => ({ first }));
  const end = position.map((last): Asked => ({ last }));
  const asked: fc.Arbitrary<Asked> = fc.oneof({ weight: 3, arbitrary: closed }, open, end);
  const comma = fc.constantFrom(",", ", ", " ,", ",,", " , ,\t");
  return fc
    .tuple(
      fc.array(asked, { minLength: 1, maxLength: 12 }),
      fc.array(comma, { minLength: 12, maxLength: 12 }),
    )
    .map(([ranges, commas]) => ({
      ranges,
      header: `bytes=${ranges.map((one, at) => (at > 0 ? commas[at] : "") + writtenAs(one)).join("")}`,
    }));
};

/** What a response has to be, for the ranges of a small content. */
function expectRanges(answer: RawResponse, content: Buffer, ranges: readonly Asked[]): void {
  const size = content.length;
  const selected = ranges.map((one) => positionsOf(one, size));
  // The last bytes of an empty content are the whole of it.
  if (size === 0 && ranges.some(({ first, last }) => first === undefined && last !== 0)) {
    expect([answer.status, answer.bytes.length]).toEqual([200, 0]);
    return;
  }
  const wanted = new Set(selected.flat());
  if (wanted.size === 0) {
    expect([answer.status, answer.headers["content-range"]]).toEqual([416, `bytes */${size}`]);
    return;
  }
  expect([answer.status, answer.headers["content-length"]]).toEqual([206, String(answer.bytes.length)]);
  const parts = readParts(answer);
  for (const part of parts) {
    expect(part.total).toBe(size);
    expect(part.bytes.equals(content.subarray(part.first, part.last + 1))).toBe(true);
  }
  const sent = parts.flatMap(({ first, last }) => positionsOf({ first, last }, size));
  expect(sent.length).toBe(wanted.size);
  expect(new Set(sent)).toEqual(wanted);
  // No two parts could be one, and they come in the order in which they were asked for.
  expect(parts.every(({ last }) => parts.every(({ first }) => first !== last + 1))).toBe(true);
  const order = selected.flatMap(([position]) =>
    position === undefined ? [] : parts.findIndex(({ first, last }) => first <= position && position <= last),
  );
  expect([...new Set(order)]).toEqual(parts.map((_, at) => at));
}

test.each(sizes.slice(0, 4).map((size, at) => [size, at] as const))(
  "206: any ranges of %i bytes, byte by byte, through the mesh and from the folder",
  async (size, at) => {
    const [content = Buffer.alloc(0), path = ""] = [contents[at], paths()[at]];
    const property = fc.asyncProperty(askedOf(size), async ({ header, ranges }) => {
      for (const { port } of edges()) expectRanges(await get(port, path, header), content, ranges);
    });
    await fc.assert(property, { numRuns: 60 });
  },
);

test("206: ranges of a content that is larger than a chunk, over and next to the limits of chunks", async () => {
  const [content = Buffer.alloc(0), path = ""] = [contents.at(-1), paths().at(-1)];
  const size = content.length;
  const asked = [
    [
      [0, 9],
      [mib - 1, mib],
      [size - 5, size - 1],
    ],
    [
      [mib, 2 * mib],
      [0, mib - 2],
    ],
    [
      [5, size - 1],
      [0, 3],
    ],
  ];
  for (const ranges of asked) {
    const range = `bytes=${ranges.map((ends) => ends.join("-")).join(",")}`;
    for (const { port } of edges()) {
      const parts = readParts(await get(port, path, range));
      expect(parts.map(({ first, last }) => [first, last])).toEqual(ranges);
      for (const { first, last, bytes } of parts) {
        expect(bytes.equals(content.subarray(first, last + 1))).toBe(true);
      }
    }
  }
});

test("OK: any text as Range is one of 200, 206 and 416, the same through the mesh and from the folder", async () => {
  const [content = Buffer.alloc(0), path = ""] = [contents[3], paths()[3]];
  const text = fc.oneof(
    fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/),
    fc.stringMatching(/^bytes=[-0-9, ]{0,30}[-0-9]$/),
  );
  const property = fc.asyncProperty(text, async (range) => {
    const answers = await Promise.all(edges().map(({ port }) => get(port, path, range)));
    const [one, other] = answers.map(({ status, headers, bytes }) => ({
      status,
      type: headers["content-type"],
      range: headers["content-range"],
      bytes: status === 416 ? "" : bytes.toString("latin1"),
    }));
    expect(one).toEqual(other);
    expect([200, 206, 416]).toContain(one?.status);
    if (one?.status === 200) expect(answers[0]?.bytes.equals(content)).toBe(true);
  });
  await fc.assert(property, { numRuns: 120 });
});

test("OK: 100 ranges are served, and 101 are ignored", async () => {
  const [content = Buffer.alloc(0), path = ""] = [contents[4], paths()[4]];
  const ranges = Array.from({ length: 101 }, (_, at) => `${3 * at}-${3 * at}`);
  for (const { port } of edges()) {
    const most = readParts(await get(port, path, `bytes=${ranges.slice(0, 100).join(",")}`));
    expect(most.map(({ first, bytes }) => [first, bytes[0]])).toEqual(
      Array.from({ length: 100 }, (_, at) => [3 * at, content[3 * at]]),
    );
    const { status, bytes } = await get(port, path, `bytes=${ranges.join(",")}`);
    expect([status, bytes.equals(content)]).toEqual([200, true]);
  }
});

test("OK: HEAD has the length of several ranges, and If-Range decides about all of them", async () => {
  const path = paths()[3] ?? "";
  for (const { port } of edges()) {
    const range = "bytes=0-0,9-9";
    const { headers, bytes } = await get(port, path, range);
    const head = await http1(port, path, { method: "HEAD", headers: { ...bearer, range } });
    expect([head.status, head.headers["content-length"], head.body]).toEqual([206, String(bytes.length), ""]);
    const ifRange = { ...bearer, range, "if-range": '"other"' };
    expect((await http1(port, path, { headers: ifRange })).status).toBe(200);
    const same = { ...bearer, range, "if-range": String(headers.etag) };
    expect((await http1(port, path, { headers: same })).bytes.equals(bytes)).toBe(true);
  }
});
