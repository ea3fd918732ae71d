import { expect, test } from "vitest";
import { publicSchemas } from "./public-schemas.ts";
import { named, paraphrased, type Question } from "./questions.ts";

const wordsOf = (text: string): string[] =>
  (
    text
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? []
  ).map((word) => word.replace(/ies$/, "y").replace(/s$/, ""));

/** Words of a question that are words of the names of its tables. */
function namesIn({ text, tables }: Question): string[] {
  const names = new Set(tables.flatMap(wordsOf));
  return wordsOf(text).filter((word) => names.has(word));
}

test("there are 50 questions about tables that exist", () => {
  const questions = [...named, ...paraphrased];
  expect(new Set(questions.map(({ text }) => text)).size).toBe(50);
  const missing = questions.flatMap(({ schema, tables }) => {
    const known = publicSchemas[schema].map(({ name }) => name);
    return tables.filter((name) => !known.includes(name));
  });
  expect(missing).toEqual([]);
});

test("half of them have no word of the names of their tables", () => {
  expect(paraphrased).toHaveLength(25);
  expect(paraphrased.flatMap(namesIn)).toEqual([]);
  expect(named.filter((question) => namesIn(question).length === 0)).toEqual([]);
});
