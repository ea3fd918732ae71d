import fc from "fast-check";
import { expect, test } from "vitest";
import { entryNames } from "../../services/storage/archive/entry-names.ts";

const keyOf = (path: string) => path.normalize("NFC").toLowerCase();

test("OK: any names become paths within the folder, no two of them the same, and no file a folder", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "..",
      ".",
      "",
      "a",
      "A",
      "a.csv",
      "A.CSV",
      "é",
      "e\u0301",
      "CON",
      "nul.txt",
      "C:",
      "a ",
      "b.",
    ),
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ unit: fc.constantFrom("🙂", "é"), minLength: 60, maxLength: 255 }),
  );
  const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.array(path, { maxLength: 12 }), (paths) => {
      const names = entryNames(paths);
      expect(names.length).toBe(paths.length);
      const keys = names.map(keyOf);
      expect(new Set(keys).size).toBe(keys.length);
      for (const name of names) {
        const parts = name.split("/");
        for (const one of parts) {
          expect(one).toMatch(/^[^<>:"|?*\\\p{Cc}\p{Cs}\u202e]+$/u);
          expect(one).not.toMatch(/^\.{1,2}$|[. ]$|^(con|nul)(\.|$)/i);
          expect(Buffer.byteLength(one)).toBeLessThanOrEqual(255);
        }
        for (let end = 1; end < parts.length; end += 1) {
          expect(keys).not.toContain(keyOf(parts.slice(0, end).join("/")));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test.each([
  [
    ["a.csv", "b.csv"],
    ["a.csv", "b.csv"],
  ],
  [
    ["a.csv", "a.csv", "A.csv", "a (2).csv"],
    ["a.csv", "a (2).csv", "A (3).csv", "a (2) (2).csv"],
  ],
  [
    ["../../etc/passwd", "/etc/passwd"],
    ["__/__/etc/passwd", "etc/passwd"],
  ],
  [["C:\\windows\\a.txt"], ["C__windows_a.txt"]],
  [["größe 日本.csv"], ["größe 日本.csv"]],
  [
    ["a", "a/b"],
    ["a", "a (2)/b"],
  ],
  [
    ["a/b", "a"],
    ["a/b", "a (2)"],
  ],
  [
    [".hidden", ".hidden"],
    [".hidden", ".hidden (2)"],
  ],
  [
    ["com1.txt", "aux"],
    ["_com1.txt", "_aux"],
  ],
  [[""], ["_"]],
])("OK: %j", (paths, names) => {
  expect(entryNames(paths)).toEqual(names);
});
