import fc from "fast-check";
import { expect, test } from "vitest";
import { neutralise, neutraliseJson, neutraliseLines } from "../../cli/terminal/neutralise.ts";
import { safeFileName } from "../../cli/transfer/file-name.ts";

const character = fc
  .oneof(fc.integer({ min: 0, max: 0x3000 }), fc.integer({ min: 0, max: 0x10ffff }))
  .map((point) => String.fromCodePoint(point));
const anyText = fc.array(character).map((characters) => characters.join(""));

test.each([
  ["\x1b[2Jgone", "\\x1b[2Jgone"],
  ["\x9b31m", "\\x9b31m"],
  ["a\u202eb\u2066c", "a\\u{202e}b\\u{2066}c"],
  ["zero\u200bwidth\ufeff", "zero\\u{200b}width\\u{feff}"],
  ["line\nnext\ttab\rback", "line\\nnext\\ttab\\rback"],
  ["\u2028\u2029", "\\u{2028}\\u{2029}"],
  ["\ud800 alone", "\\u{d800} alone"],
  ["\u{e0041} tag", "\\u{e0041} tag"],
])("OK: %j is shown as %s", (text, shown) => {
  expect(neutralise(text)).toBe(shown);
});

test("OK: ordinary text of any script stays as it is", () => {
  for (const text of ["Grüße", "日本語", "می‌خواهم", "👩‍👩‍👧", "a\u0301", "שלום"])
    expect(neutralise(text)).toBe(text);
});

test("OK: no text keeps a character that a terminal obeys", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(neutralise(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      expect(neutraliseLines(text)).not.toMatch(/[^\P{Cc}\n\t]/u);
    }),
  );
});

test("OK: neutralised JSON has the same values", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(JSON.parse(neutraliseJson(json))).toEqual(JSON.parse(json));
    }),
  );
  expect(neutraliseJson('{"a":"\u009b\u{e0041}"}')).toBe('{"a":"\\u009b\\udb40\\udc41"}');
});

test.each([
  ["../../etc/passwd", "id.._.._etc_passwd"],
  ["..", "id.."],
  ["", "id"],
  ["-rf", "id-rf"],
  ["a\u0000b\x1b[2J\u202e", "a_b_[2J_"],
  ["C:\\Windows", "C:_Windows"],
  ["weather.csv", "weather.csv"],
])("OK: the server's name %j becomes the file %s", (name, file) => {
  expect(safeFileName(name, "id")).toBe(file);
});
