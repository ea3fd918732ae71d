import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../lib/test-mesh.ts";

/** A reader takes in so many names at a glance. Larger folders are cut into rooms by subject. */
const filesMax = 25;
const codeFolders = ["clients", "edge", "examples", "proto", "services", "tools"];
/** `rpc/` has a file for each RPC, and migrations only grow. */
const skipped = /(^|\/)(node_modules|rpc|migrations)(\/|$)/;

/** Folders with too many files, below the folders of code. */
async function largeFolders(root: string): Promise<string[]> {
  const entries = (
    await Promise.all(
      codeFolders.map((folder) => readdir(join(root, folder), { recursive: true, withFileTypes: true })),
    )
  ).flat();
  const counts = new Map<string, number>();
  for (const { parentPath } of entries.filter((entry) => entry.isFile())) {
    const folder = parentPath.slice(root.length + 1);
    if (!skipped.test(folder)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].filter(([, files]) => files > filesMax).map(([folder]) => folder);
}

test("OK: no folder has more than 25 files, those of RPCs and migrations aside", async () => {
  expect(await largeFolders(join(import.meta.dirname, "../.."))).toEqual([]);
});

test("refused: a folder with one more file", async () => {
  await using root = await temporaryFolder();
  const folders = [...codeFolders, "edge/rest", "edge/rest/deep", "services/sixth/rpc"];
  for (const folder of folders) await mkdir(join(root.path, folder), { recursive: true });
  const fill = (folder: string, files: number) =>
    Promise.all(Array.from({ length: files }, (_, at) => writeFile(join(root.path, folder, `${at}.ts`), "")));
  await fill("edge/rest", 26);
  await fill("edge/rest/deep", 25);
  await fill("services/sixth/rpc", 26);
  expect(await largeFolders(root.path)).toEqual(["edge/rest"]);
});
