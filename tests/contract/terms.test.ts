import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = "docs/style.md";
/** This file names one of the terms. */
const self = "tests/contract/terms.test.ts";

/** The left column of the page's table of terms. */
function replacedTerms(): string[] {
  const [, section = ""] = readFileSync(page, "utf8").split("\n## Terms\n");
  const rows = section.split("\n").filter((line) => /^\| (?!Not |-)/.test(line));
  return rows.flatMap((row) => (row.split("|")[1] ?? "").split(",")).map((term) => term.trim());
}

const isIdentifier = (term: string): boolean => term.startsWith("`");
const bare = (term: string): string => term.replaceAll("`", "");

const tracked = (...patterns: string[]): string[] =>
  execFileSync("git", ["ls-files", "--", ...patterns], { encoding: "utf8" })
    .trim()
    .split("\n");

/** `file:line: term` of each use. */
function usesOf(terms: readonly string[], files: readonly string[], flags: string): string[] {
  const pattern = new RegExp(`(?<![\\w-])(?:${terms.map(bare).join("|")})(?![\\w-])`, flags);
  return files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, index) => {
        const [use] = pattern.exec(line) ?? [];
        return use ? [`${file}:${index + 1}: ${use}`] : [];
      }),
  );
}

const terms = replacedTerms();
const code = tracked(
  "services/*.ts",
  "edge/*.ts",
  "tools/*.ts",
  "tests/*.ts",
  "examples/*.ts",
  "clients/*.ts",
).filter((file) => file !== self);
const prose = tracked("services/*.ts", "edge/*.ts", "tools/*.ts", "proto/*.proto", "*.md").filter(
  (file) => file !== page,
);

test("OK: the table of terms is read", () => {
  expect(terms.length).toBeGreaterThan(60);
  expect(terms).toContain("`ParquetFoot`");
  expect(terms).toContain("whoever");
});

test("OK: no identifier has a name that was replaced", () => {
  expect(usesOf(terms.filter(isIdentifier), code, "")).toEqual([]);
});

test("OK: no comment and no page has words that were replaced; titles of tests may", () => {
  expect(
    usesOf(
      terms.filter((term) => !isIdentifier(term)),
      prose,
      "i",
    ),
  ).toEqual([]);
});
