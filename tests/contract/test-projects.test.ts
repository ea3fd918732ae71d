import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { namedPaths } from "../../tools/test-run/projects.ts";
import { slowPaths } from "../../tools/test-run/slow-files.ts";

const root = join(import.meta.dirname, "../..");

test("every file that a project or the table of slow files names is there, and is named once", () => {
  const missing = [...namedPaths, ...slowPaths].filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
  for (const paths of [namedPaths, slowPaths]) expect(new Set(paths).size).toBe(paths.length);
});
