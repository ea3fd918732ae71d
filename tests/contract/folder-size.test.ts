import { execFileSync } from "node:child_process";
import { posix } from "node:path";
import { expect, test } from "vitest";

/** A reader takes in so many names at a glance. Larger folders are cut into rooms by subject. */
const filesMax = 25;
const codeFolders = ["clients", "edge", "examples", "proto", "services", "tools"];
/** `rpc/` has a file for each RPC, and migrations only grow. */
const skipped = /(^|\/)(rpc|migrations)(\/|$)/;

/** Folders with too many of these files, subfolders not included. */
function largeFolders(files: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const folder of files.map((file) => posix.dirname(file))) {
    if (!skipped.test(folder)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > filesMax).map(([folder]) => folder);
}

test("OK: no folder has more than 25 files, those of RPCs and migrations aside", () => {
  // Generated stubs of other languages are not tracked.
  const tracked = execFileSync("git", ["ls-files", "--", ...codeFolders], { encoding: "utf8" })
    .trim()
    .split("\n");
  expect(tracked.length).toBeGreaterThan(500);
  expect(largeFolders(tracked)).toEqual([]);
});

test("refused: a folder with one more file", () => {
  const files = (folder: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${folder}/${at}.ts`);
  const planted = [
    ...files("edge/rest", 26),
    ...files("edge/rest/deep", 25),
    ...files("services/sixth/rpc", 26),
  ];
  expect(largeFolders(planted)).toEqual(["edge/rest"]);
});
