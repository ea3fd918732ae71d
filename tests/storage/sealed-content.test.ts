import { randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  openSpan,
  openStream,
  SealBroken,
  sealedBytes,
  segmentBytes,
  segmentsOf,
  tagBytes,
} from "../../services/lib/content/sealed-content.ts";
import { createSealer } from "../../services/storage/objects/encrypted/seal-content.ts";
import {
  decodeTrailer,
  encodeTrailer,
  keyIdOf,
  trailerBytes,
} from "../../services/storage/objects/encrypted/trailer.ts";
import { generated, sha256 } from "./fixtures.ts";

const sealedSegmentBytes = segmentBytes + tagBytes;

/** Sizes around the borders of segments. */
const sizes = fc.oneof(
  fc.constantFrom(0, 1, segmentBytes - 1, segmentBytes, segmentBytes + 1, 3 * segmentBytes),
  fc.integer({ min: 0, max: 5 * segmentBytes }),
);

function seal(content: Uint8Array, chunkBytes = content.length || 1) {
  const sealer = createSealer();
  const sealed: Buffer[] = [];
  for (let at = 0; at < content.length; at += chunkBytes) {
    sealed.push(...sealer.add(content.subarray(at, at + chunkBytes)));
  }
  sealed.push(...sealer.end());
  return {
    bytes: Buffer.concat(sealed),
    seal: { dataKey: sealer.dataKey, sizeBytes: content.length },
  };
}

async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

const whole = (sizeBytes: number) => ({ start: 0, end: sizeBytes });

describe("segments", () => {
  test("OK: a content of any size, sealed and opened in chunks of any size, is the same", async () => {
    const chunks = fc.integer({ min: 1, max: 2 * segmentBytes });
    await fc.assert(
      fc.asyncProperty(sizes, chunks, chunks, async (sizeBytes, sealedIn, openedIn) => {
        // Chunks of a few bytes are tested with small contents.
        const content = generated(sealedIn < 64 || openedIn < 64 ? sizeBytes % 5000 : sizeBytes, sizeBytes);
        const { bytes, seal: of } = seal(content, sealedIn);
        expect(bytes).toHaveLength(sealedBytes(content.length));
        const opened = await Array.fromAsync(
          openStream(of, whole(content.length), inChunks(bytes, openedIn)),
        );
        expect(Buffer.concat(opened).equals(content)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("OK: any range is opened from its own segments alone", () => {
    const content = generated(5 * segmentBytes - 7, 3);
    const { bytes, seal: of } = seal(content);
    const position = fc.integer({ min: 0, max: content.length });
    fc.assert(
      fc.property(position, position, (one, other) => {
        const span = { start: Math.min(one, other), end: Math.max(one, other) };
        const { sealed } = segmentsOf(span, content.length);
        expect(sealed.end - sealed.start).toBeLessThan(span.end - span.start + 2 * sealedSegmentBytes);
        const opened = openSpan(of, span, bytes.subarray(sealed.start, sealed.end));
        expect(opened.equals(content.subarray(span.start, span.end))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  const content = generated(4 * segmentBytes + 100, 5);
  const sealed = seal(content);
  const open = (bytes: Uint8Array, of = sealed.seal) => openSpan(of, whole(of.sizeBytes), bytes);
  const segment = (bytes: Buffer, index: number) =>
    bytes.subarray(index * sealedSegmentBytes, (index + 1) * sealedSegmentBytes);

  test("SealBroken: any flipped bit", () => {
    const bit = fc.integer({ min: 0, max: sealed.bytes.length * 8 - 1 });
    fc.assert(
      fc.property(bit, (flipped) => {
        const bytes = Buffer.from(sealed.bytes);
        bytes[flipped >> 3] = (bytes[flipped >> 3] ?? 0) ^ (1 << (flipped & 7));
        expect(() => open(bytes)).toThrow(SealBroken);
      }),
      { numRuns: 100 },
    );
  });

  test("SealBroken: any content that is cut off, also where a segment ends", () => {
    const cuts = fc.oneof(
      fc.integer({ min: 0, max: 4 }).map((count) => count * sealedSegmentBytes),
      fc.integer({ min: 0, max: sealed.bytes.length - 1 }),
    );
    fc.assert(
      fc.property(cuts, (cut) => {
        expect(() => open(sealed.bytes.subarray(0, cut))).toThrow(SealBroken);
        // Also for a reader that believes that the content is as short as that.
        const sizeBytes = Math.floor(cut / sealedSegmentBytes) * segmentBytes;
        if (sizeBytes === 0) return;
        expect(() => open(sealed.bytes.subarray(0, cut), { ...sealed.seal, sizeBytes })).toThrow(SealBroken);
      }),
      { numRuns: 100 },
    );
  });

  test("SealBroken: segments in another order, or repeated", () => {
    const index = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(index, index, (to, from) => {
        fc.pre(to !== from);
        const bytes = Buffer.from(sealed.bytes);
        segment(sealed.bytes, from).copy(bytes, to * sealedSegmentBytes);
        expect(() => open(bytes)).toThrow(SealBroken);
      }),
      { numRuns: 30 },
    );
  });

  test("SealBroken: segments of another object, even of the same content", () => {
    const other = seal(content);
    expect(other.bytes.equals(sealed.bytes)).toBe(false);
    expect(() => open(other.bytes)).toThrow(SealBroken);
    const mixed = Buffer.concat([
      segment(sealed.bytes, 0),
      segment(other.bytes, 1),
      sealed.bytes.subarray(2 * sealedSegmentBytes),
    ]);
    expect(() => open(mixed)).toThrow(SealBroken);
  });

  test("SealBroken: a damaged segment is never returned, and those before it are whole", async () => {
    const bytes = Buffer.from(sealed.bytes);
    const damagedAt = 3 * sealedSegmentBytes + 17;
    bytes[damagedAt] = (bytes[damagedAt] ?? 0) ^ 1;
    const opened: Buffer[] = [];
    const reading = async () => {
      for await (const chunk of openStream(sealed.seal, whole(content.length), inChunks(bytes, 1000))) {
        opened.push(chunk);
      }
    };
    await expect(reading()).rejects.toThrow(SealBroken);
    const returned = Buffer.concat(opened);
    expect(returned.equals(content.subarray(0, returned.length))).toBe(true);
    expect(returned.length).toBeLessThanOrEqual(3 * segmentBytes);
  });
});

describe("trailers", () => {
  const orgKey = { keyId: randomUUID(), key: randomBytes(32) };
  const key = { orgId: randomUUID(), sha256: sha256("content") };
  const seal = { dataKey: randomBytes(32), sizeBytes: 2 ** 41 + 3 };
  const trailer = encodeTrailer(key, seal, orgKey);

  test("OK: the data key and the size come back, and the trailer names the key of the organisation", () => {
    expect(trailer).toHaveLength(trailerBytes);
    expect(keyIdOf(trailer)).toBe(orgKey.keyId);
    const decoded = decodeTrailer(trailer, key, orgKey);
    expect(decoded?.sizeBytes).toBe(seal.sizeBytes);
    expect(seal.dataKey.equals(decoded?.dataKey ?? Buffer.alloc(0))).toBe(true);
  });

  test("OK: the data key of each object is wrapped differently each time", () => {
    expect(encodeTrailer(key, seal, orgKey).equals(trailer)).toBe(false);
  });

  test.each([
    ["another object", { ...key, sha256: sha256("other") }, orgKey],
    ["another organisation", { ...key, orgId: randomUUID() }, orgKey],
    ["another key", key, { ...orgKey, key: randomBytes(32) }],
  ])("OK: the trailer of %s is none", (_, of, by) => {
    expect(decodeTrailer(trailer, of, by)).toBeUndefined();
  });

  test("OK: no flipped bit is taken for a trailer", () => {
    for (let bit = 0; bit < trailerBytes * 8; bit += 1) {
      const bytes = Buffer.from(trailer);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const named = keyIdOf(bytes);
      if (named === orgKey.keyId) expect(decodeTrailer(bytes, key, orgKey)).toBeUndefined();
    }
    expect(keyIdOf(trailer.subarray(1))).toBeUndefined();
  });
});
