import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockDownload, partOf } from "../../cli/transfer/part-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const fileId = "0198c5b4-7e0a-7c3e-9d6f-0a1b2c3d4e5f";
const sha256 = "ab".repeat(32);

test.each([
  { fileId: "../../other", sha256 },
  { fileId: "", sha256 },
  { fileId, sha256: `../../${"a".repeat(58)}` },
  { fileId, sha256: "" },
])("refused: what a server answers as $fileId with the hash $sha256 in a path", async (content) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "data.csv");
  expect(() => partOf(path, content)).toThrow("no id or hash of a file");
  await expect(lockDownload(path, content)).rejects.toThrow("no id or hash of a file");
  expect(await readdir(folder.path)).toEqual([]);
});

test("refused: a second download to a path, until the first has ended and nothing is left of its lock", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "data.csv");
  {
    await using _first = await lockDownload(path, { fileId, sha256 });
    await expect(lockDownload(path, { fileId, sha256 })).rejects.toThrow("another command downloads to");
    expect(await readdir(folder.path)).not.toEqual([]);
  }
  expect(await readdir(folder.path)).toEqual([]);
  await using _next = await lockDownload(path, { fileId, sha256 });
});
