import fc from "fast-check";
import { expect, test } from "vitest";
import { contentDisposition } from "../../services/storage/download/content-disposition.ts";

/** The names in the header, as RFC 6266 and RFC 8187 read it. Throws if it is not one of theirs. */
function namesIn(header: string): { plain: string; extended: string | undefined } {
  const [, plain, encoded] =
    /^(?:attachment|inline); filename="([ !#-[\]-~]*)"(?:; filename\*=UTF-8''((?:[\w!#$&+.^`|~-]|%[\dA-F]{2})+))?$/.exec(
      header,
    ) ?? [];
  if (plain === undefined) throw new Error(`${header} is not a Content-Disposition`);
  return { plain, extended: encoded && decodeURIComponent(encoded) };
}

const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

test("OK: any name, exactly, or with a _ for what a browser must not show", () => {
  const names = fc.oneof(
    fc.string({ unit: "binary", minLength: 1 }),
    fc.string({ unit: "grapheme", minLength: 1 }),
    fc.string({
      unit: fc.constantFrom('"', "\\", "%", "'", "*", ";", "=", "a", "é", "\u202e", "\r\n"),
      minLength: 1,
    }),
  );
  fc.assert(
    fc.property(names, (name) => {
      const { plain, extended = plain } = namesIn(contentDisposition("attachment", name));
      expect(extended).toBe(
        [...name].map((character) => (unsafe.test(character) ? "_" : character)).join(""),
      );
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["data.csv", 'attachment; filename="data.csv"'],
  ["a b.csv", 'attachment; filename="a b.csv"'],
  ["100%.csv", `attachment; filename="100_.csv"; filename*=UTF-8''100%25.csv`],
  ["\u202Efdp.exe", 'attachment; filename="_fdp.exe"'],
  ["a\r\nset-cookie: b", 'attachment; filename="a__set-cookie: b"'],
  ["\ud800.txt", 'attachment; filename="_.txt"'],
  ["日本語.txt", `attachment; filename="___.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt`],
])("OK: %j", (name, header) => {
  expect(contentDisposition("attachment", name)).toBe(header);
});
