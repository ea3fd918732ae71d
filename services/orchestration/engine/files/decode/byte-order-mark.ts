import { EngineFailure } from "../../engine-failure.ts";
import { findEncoding, type TextEncoding } from "./text-encoding.ts";

/** The longer come first: UTF-16's mark is the beginning of UTF-32's. */
const marks: readonly { readonly encoding: string; readonly bytes: readonly number[] }[] = [
  { encoding: "utf-32le", bytes: [0xff, 0xfe, 0, 0] },
  { encoding: "utf-32be", bytes: [0, 0, 0xfe, 0xff] },
  { encoding: "utf-8", bytes: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", bytes: [0xff, 0xfe] },
  { encoding: "utf-16be", bytes: [0xfe, 0xff] },
];

/** How a text is encoded, and how many bytes at its beginning are no part of it. */
export type FoundEncoding = { readonly encoding: TextEncoding; readonly markBytes: number };

/** Finds how a text that begins with these bytes is encoded; `said` is what its owner set. */
export function encodingOf(beginning: Buffer, said: string | undefined): FoundEncoding {
  const mark = marks.find(({ bytes }) => bytes.every((byte, index) => beginning[index] === byte));
  const markBytes = mark?.bytes.length ?? 0;
  if (said === undefined) {
    if (mark) return { encoding: findEncoding(mark.encoding), markBytes };
    refuseUnmarked(beginning);
    return { encoding: findEncoding("utf-8"), markBytes: 0 };
  }
  const encoding = findEncoding(said);
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

const lookedAtBytes = 1024;
/** Part of the bytes in one place of each pair that are zero in a text of Latin letters in UTF-16. */
const zerosMin = 0.6;

/** UTF-16 without a mark is valid UTF-8 too where it has Latin letters only: with a NUL after each. */
function refuseUnmarked(beginning: Buffer): void {
  const looked = beginning.subarray(0, lookedAtBytes);
  const pairs = Math.floor(looked.length / 2);
  if (pairs < 2) return;
  const zeros = [0, 0];
  for (let at = 0; at < 2 * pairs; at++) if (looked[at] === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros.map((count) => count / pairs);
  if (Math.max(even, odd) < zerosMin || Math.min(even, odd) > 0.1) return;
  throw invalid(
    `it looks like UTF-16 without a byte order mark: set settings.encoding to ${odd > even ? "utf-16le" : "utf-16be"}`,
  );
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
