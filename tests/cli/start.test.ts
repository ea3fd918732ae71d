import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Files and packages that a file imports before it runs; types are gone then. */
function importsOf(file: string): string[] {
  const { module } = parseSync(file, readFileSync(file, "utf8"));
  return module.staticImports
    .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
    .map(({ moduleRequest }) => moduleRequest.value);
}

function load(file: string, seen: Set<string>): Set<string> {
  for (const name of importsOf(file)) {
    if (!name.startsWith(".")) seen.add(name);
    else if (!seen.has(relative(root, join(dirname(file), name)))) {
      const path = join(dirname(file), name);
      seen.add(relative(root, path));
      if (path.endsWith(".ts")) load(path, seen);
    }
  }
  return seen;
}

test("OK: a start reads neither contracts nor the transport nor the questions, which take longer than all else", () => {
  const loaded = [...load(join(root, "cli/run.ts"), new Set())];
  expect(loaded.filter((name) => !/^(cli\/|node:)/.test(name)).sort()).toEqual(["commander", "package.json"]);
});
