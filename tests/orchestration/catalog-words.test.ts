import { expect, test } from "vitest";
import { errorsAllowed, isSimilar } from "../../services/orchestration/catalog/search/edit-distance.ts";
import { quoteLexeme, wordLexeme } from "../../services/orchestration/catalog/search/lexemes.ts";
import { joinWords, wordsOf } from "../../services/orchestration/catalog/search/words.ts";

test.each([
  ["order_items.v2-old new", ["order", "items", "v2", "old", "new"]],
  ["orderItems", ["order", "items"]],
  ["HTTPServerLog", ["http", "server", "log"]],
  ["FACT_SALES", ["fact", "sales"]],
  ["Café Größe ΟΔΟΣ", ["cafe", "grosse", "οδοσ"]],
  ["ﬁnance", ["finance"]],
  [`odd "name's" \\ %`, ["odd", "name", "s"]],
  ["📦orders🇩🇪x", ["📦", "orders", "🇩🇪", "x"]],
  ["顧客 注文", ["顧客", "注文"]],
  ["", []],
  ["'\";--", []],
])("OK: the words of %j", (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test("OK: a word has at most 64 characters, and half of a pair is none", () => {
  expect(wordsOf("a".repeat(100))).toEqual(["a".repeat(64)]);
  expect(wordsOf("𐐀".repeat(100))[0]?.isWellFormed()).toBe(true);
});

test("OK: a name is one in each spelling, and signs alone stay", () => {
  expect(["order_items", "orderItems", "Order Items", "ORDER-ITEMS"].map(joinWords)).toEqual(
    Array(4).fill("orderitems"),
  );
  expect(joinWords(" %% ")).toBe("%%");
});

test.each([
  ["customer", "cutsomer", 2, true],
  ["customer", "custmer", 2, true],
  ["customer", "customerss", 2, true],
  ["customer", "cusomers", 2, true],
  ["customer", "costumers", 2, false],
  ["order", "ordr", 1, true],
  ["order", "roder", 1, true],
  ["order", "odrre", 1, false],
  ["order", "order", 0, true],
  ["order", "ordet", 0, false],
])("OK: %s and %s differ by at most %i errors: %s", (one, other, errorsMax, expected) => {
  expect([isSimilar(one, other, errorsMax), isSimilar(other, one, errorsMax)]).toEqual([expected, expected]);
});

test("OK: longer words may have more errors", () => {
  expect(["cat", "cats", "seventy", "eighties"].map(errorsAllowed)).toEqual([0, 1, 1, 2]);
});

test("OK: lexemes are quoted, bounded, and of one organisation", () => {
  expect(quoteLexeme(`a'b\\c`)).toBe(`'a''b\\\\c'`);
  const [one, other] = ["one", "other"].map((orgId) => wordLexeme(orgId, "w", "orders"));
  expect(one).not.toBe(other);
  expect(wordLexeme("one", "x", "n".repeat(5000)).length).toBeLessThan(64);
});
