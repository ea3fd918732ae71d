import { EngineFailure } from "../../engine-failure.ts";
import { findEncoding, type TextEncoding } from "./text-encoding.ts";

/** Longest first: UTF-16's mark is a prefix of UTF-32's. */
const marks: readonly { readonly encoding: string; readonly bytes: readonly number[] }[] = [
  { encoding: "utf-32le", bytes: [0xff, 0xfe, 0, 0] },
  { encoding: "utf-32be", bytes: [0, 0, 0xfe, 0xff] },
  { encoding: "utf-8", bytes: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", bytes: [0xff, 0xfe] },
  { encoding: "utf-16be", bytes: [0xfe, 0xff] },
];

/** The encoding of a text and the length of its byte order mark. */
export type DetectedEncoding = { readonly encoding: TextEncoding; readonly markBytes: number };

/** Detects the encoding of a text from its first bytes; `configured` is `settings.encoding`. */
export function detectEncoding(prefix: Buffer, configured: string | undefined): DetectedEncoding {
  const mark = marks.find(({ bytes }) => bytes.every((byte, index) => prefix[index] === byte));
  const markBytes = mark?.bytes.length ?? 0;
  if (configured === undefined) {
    if (mark) return { encoding: findEncoding(mark.encoding), markBytes };
    refuseUnmarked(prefix);
    return { encoding: findEncoding("utf-8"), markBytes: 0 };
  }
  const encoding = findEncoding(configured);
  if (!mark) {
    if ((encoding.kind === "utf16" || encoding.kind === "utf32") && !encoding.isFixed) {
      throw invalid(
        `it has no byte order mark: set settings.encoding to ${encoding.name}le or ${encoding.name}be`,
      );
    }
    return { encoding, markBytes };
  }
  const marked = findEncoding(mark.encoding);
  if (marked.name !== encoding.name && !(marked.kind === encoding.kind && !isFixed(encoding))) {
    throw invalid(
      `it begins with the byte order mark of ${marked.name}, but settings.encoding is ${encoding.name}: leave it out`,
    );
  }
  return { encoding: marked, markBytes };
}

const isFixed = (encoding: TextEncoding): boolean => "isFixed" in encoding && encoding.isFixed;

const sampleBytes = 1024;
/** Share of zeros among the high bytes in UTF-16 of Latin text. */
const zeroShareMin = 0.6;

/** Latin text in UTF-16 without a mark is also valid UTF-8, with a NUL after each character. */
function refuseUnmarked(prefix: Buffer): void {
  const sample = prefix.subarray(0, sampleBytes);
  const pairs = Math.floor(sample.length / 2);
  if (pairs < 2) return;
  const zeros = [0, 0];
  for (let at = 0; at < 2 * pairs; at++) if (sample[at] === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros.map((count) => count / pairs);
  if (Math.max(even, odd) < zeroShareMin || Math.min(even, odd) > 0.1) return;
  throw invalid(
    `it looks like UTF-16 without a byte order mark: set settings.encoding to ${odd > even ? "utf-16le" : "utf-16be"}`,
  );
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
