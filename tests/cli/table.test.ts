import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTable } from "../../cli/terminal/table.ts";
import { formatTree } from "../../cli/terminal/tree.ts";
import { shorten, textWidth } from "../../cli/terminal/width.ts";

const character = fc
  .oneof(fc.integer({ min: 0, max: 0x3000 }), fc.integer({ min: 0, max: 0x1ffff }))
  .map((point) => String.fromCodePoint(point));
const anyText = fc.array(character).map((characters) => characters.join(""));
const plain = (text: string) => text;
const columns = [{ title: "name" }, { title: "rows", align: "right" as const }];

test("OK: columns are as wide as their widest cell, and numbers stand at the right", () => {
  const rows = [
    ["weather", "1,461"],
    ["天気予報", "3"],
    ["🏔️ snow", "26"],
  ];
  expect(formatTable(columns, rows, { width: 80, style: plain })).toEqual([
    "name       rows",
    "weather   1,461",
    "天気予報      3",
    "🏔️ snow      26",
  ]);
});

test("OK: the widest column is shortened first, so that each line fits into the terminal", () => {
  const rows = [["a long description of something in a cell", "12"]];
  const lines = formatTable(columns, rows, { width: 24, style: plain });
  expect(lines).toEqual(["name                rows", "a long descriptio…    12"]);
});

test("OK: no line is wider than a terminal of 40 columns, whatever the cells are", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyText, anyText)), (rows) => {
      for (const line of formatTable(columns, rows, { width: 40, style: plain })) {
        expect(textWidth(line)).toBeLessThanOrEqual(40);
        expect(line).not.toMatch(/\p{Cc}/u);
      }
    }),
  );
});

test("OK: a wide character is never cut in half", () => {
  expect(shorten("日本語テキスト", 6)).toBe("日本…");
  expect(shorten("日本", 4)).toBe("日本");
});

test("OK: a tree is drawn with branches", () => {
  const leaf = (label: string) => ({ label, children: [] });
  const tree = { label: "a", children: [{ label: "b", children: [leaf("c")] }, leaf("d")] };
  expect(formatTree(tree)).toEqual(["a", "├── b", "│   └── c", "└── d"]);
});
