import { readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createStatementRunner } from "./statement-runner.ts";

const runner = forFile(createStatementRunner);

type Attack = { expected: string; form: string; sql: string };

const text = await readFile(new URL("attack-statements.txt", import.meta.url), "utf8");
const kinds = text
  .split(/^# /m)
  .slice(1)
  .map((section) => {
    const [kind = "", ...lines] = section.trim().split("\n");
    return { kind, attacks: lines.map(parseAttack) };
  });

function parseAttack(line: string): Attack {
  const [, expected = "", form = "", statement = ""] = /^(\w+) \| ([^|]+) \| (.+)$/.exec(line) ?? [];
  const sql = statement.replace(/\$\{"([^"]*)"\.repeat\((\d+)\)\}/g, (_, part: string, times: string) =>
    part.repeat(Number(times)),
  );
  return { expected, form, sql };
}

/** Contexts in which a call may appear. Statements that are not queries have fewer, because they are not expressions. */
const forms = ["method", "lambda", "cte", "comprehension", "quoted", "mixed case", "schema", "parameter"];
const formsOfStatements: Record<string, string[]> = {
  "other tables and files by name": forms.filter((form) => form !== "method"),
  "writes files": ["cte", "quoted", "mixed case", "schema", "parameter"],
  "loads and attaches": ["quoted", "mixed case", "parameter"],
  "changes settings": ["quoted", "mixed case", "schema", "parameter"],
  "defines and changes": ["cte", "quoted", "schema", "parameter"],
  "other statements, and more than one": ["cte", "mixed case"],
  "clauses of no list": ["cte", "mixed case", "parameter"],
  depth: ["method", "lambda", "cte", "comprehension", "quoted"],
};

test("the list has 200 attacks of 15 kinds at least, none above 15 of a kind, each in every form", () => {
  expect(kinds.length).toBeGreaterThanOrEqual(15);
  expect(kinds.flatMap(({ attacks }) => attacks).length).toBeGreaterThanOrEqual(200);
  for (const { kind, attacks } of kinds) {
    expect(attacks.length, kind).toBeLessThanOrEqual(15);
    const found = new Set(attacks.map(({ form }) => form));
    expect([...found].filter((form) => form !== "plain").sort(), kind).toEqual(
      [...(formsOfStatements[kind] ?? forms)].sort(),
    );
  }
});

describe.each(kinds)("$kind", ({ attacks }) => {
  test.each(attacks)("$expected: $form: $sql", async ({ expected, sql }) => {
    const { kind, message } = await runner().failureOf(sql);
    expect(kind).toBe(expected === "refused" ? "statementRefused" : "sqlInvalid");
    expect(message.length).toBeLessThan(600);
    for (const secret of [
      runner().folder,
      homedir(),
      userInfo().username,
      process.cwd(),
      "v1.5",
      "libduckdb",
    ]) {
      expect(message.replace(sql, "")).not.toContain(secret);
    }
  });
});
