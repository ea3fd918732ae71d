import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createStatementRunner } from "./statement-runner.ts";

const runner = forFile(createStatementRunner);

/** Statements, each followed by a comment with its rows. */
const text = await readFile(new URL("ordinary-queries.sql", import.meta.url), "utf8");
const queries = [...text.matchAll(/^(?!--)(.+)\n-- = (.+)$/gm)].map(([, sql = "", rows = ""]) => ({
  sql,
  rows,
}));

test("OK: the list has a hundred queries at least, ten of them as tools write them", () => {
  expect(queries.length).toBeGreaterThanOrEqual(100);
  expect(text.slice(text.indexOf("-- # As tools write it")).match(/^-- = /gm)).toHaveLength(10);
});

test.each(queries)("OK: $sql", async ({ sql, rows }) => {
  expect((await runner().run(sql)).rows).toEqual(JSON.parse(rows));
});
