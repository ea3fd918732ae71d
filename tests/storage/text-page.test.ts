import fc from "fast-check";
import { expect, test } from "vitest";
import { type Charset, charsetOf, decodePage } from "../../services/storage/preview/text-page.ts";

const encode: Record<string, (text: string) => Buffer> = {
  "utf-8": (text) => Buffer.from(text),
  "utf-16le": (text) => Buffer.from(text, "utf16le"),
  "utf-16be": (text) => Buffer.from(text, "utf16le").swap16(),
  "windows-1252": (text) => Buffer.from(text, "latin1"),
};

const texts = fc.string({ unit: fc.constantFrom("a", "ü", "日", "🙂", "\n"), maxLength: 200 });
const latin = fc.string({ unit: fc.constantFrom("a", "ü", "\n"), maxLength: 200 });

test.each(Object.keys(encode))(
  "OK: the pages of any text in %s are the text, whatever their size",
  (name) => {
    const charset = name as Charset;
    fc.assert(
      fc.property(
        charset === "windows-1252" ? latin : texts,
        fc.integer({ min: 16, max: 50 }),
        (text, size) => {
          const bytes = encode[charset]?.(text) ?? Buffer.alloc(0);
          let read = "";
          for (let at = 0; at < bytes.length; ) {
            const page = bytes.subarray(at, at + size);
            const isLast = at + page.length >= bytes.length;
            const {
              text: part,
              start,
              end,
            } = decodePage(page, charset, { isFirst: at === 0, isLast, isOdd: at % 2 === 1 });
            expect(start).toBe(0);
            expect(end).toBeGreaterThan(0);
            read += part;
            at += end;
          }
          expect(read).toBe(text);
        },
      ),
      { numRuns: 100 },
    );
  },
);

test("OK: a page that begins within a character begins with the next one", () => {
  const flags = { isFirst: false, isLast: true, isOdd: true };
  expect(decodePage(Buffer.from("日本").subarray(1), "utf-8", flags)).toEqual({
    text: "本",
    start: 2,
    end: 5,
  });
  expect(decodePage(encode["utf-16le"]?.("🙂a").subarray(1) ?? Buffer.alloc(0), "utf-16le", flags)).toEqual({
    text: "a",
    start: 3,
    end: 5,
  });
});

test.each([
  ["", "utf-8", 0],
  ["plain", "utf-8", 0],
  ["größe", "utf-8", 0],
  ["\ufeffa", "utf-8", 3],
])("OK: %j is %s with a mark of %i bytes", (text, charset, markBytes) => {
  expect(charsetOf(Buffer.from(text), true)).toEqual({ charset, markBytes });
});

test("OK: UTF-16 by its mark, other bytes as Windows-1252, and a character cut off by the sample", () => {
  expect(charsetOf(encode["utf-16le"]?.("\ufeffa") ?? Buffer.alloc(0), true)).toEqual({
    charset: "utf-16le",
    markBytes: 2,
  });
  expect(charsetOf(encode["utf-16be"]?.("\ufeffa") ?? Buffer.alloc(0), true)).toEqual({
    charset: "utf-16be",
    markBytes: 2,
  });
  expect(charsetOf(Buffer.from("größe", "latin1"), true)).toEqual({ charset: "windows-1252", markBytes: 0 });
  const cut = Buffer.from("größe").subarray(0, 3);
  expect(charsetOf(cut, false)).toEqual({ charset: "utf-8", markBytes: 0 });
  expect(charsetOf(cut, true)).toEqual({ charset: "windows-1252", markBytes: 0 });
});

test("nothing: bytes that no text has", () => {
  for (const byte of [0, 1, 7, 11, 14, 31]) expect(charsetOf(Buffer.from([97, byte]), true)).toBeUndefined();
});
