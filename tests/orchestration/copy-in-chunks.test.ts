import { readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileFingerprint } from "../../services/lib/content/file-fingerprint.ts";
import { copyInChunks } from "../../services/orchestration/blobs/copy-in-chunks.ts";
import { openStorageFolder } from "../../services/orchestration/blobs/storage-folder.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const mib = 1024 * 1024;
const stays = new AbortController().signal;

async function fileOf(folder: string, bytes: Buffer): Promise<string> {
  const path = join(folder, "original");
  await writeFile(path, bytes);
  return path;
}

test.each([0, 1, mib, mib + 1, 3 * mib - 1])("OK: %i bytes are copied", async (length) => {
  await using folder = await temporaryFolder();
  const bytes = Buffer.from(Array.from({ length }, (_, at) => at % 251));
  const from = await fileOf(folder.path, bytes);
  await copyInChunks(from, join(folder.path, "copy"), stays);
  expect(bytes.equals(await readFile(join(folder.path, "copy")))).toBe(true);
});

test("OK: others work with files while many large ones are copied", async () => {
  await using folder = await temporaryFolder();
  const from = await fileOf(folder.path, Buffer.alloc(64 * mib, 1));
  let done = 0;
  const copies = Array.from({ length: 8 }, async (_, at) => {
    await copyInChunks(from, join(folder.path, `copy ${at}`), stays);
    done += 1;
  });
  for (let looks = 0; looks < 5; looks += 1) await stat(from);
  expect(done).toBe(0);
  await Promise.all(copies);
  expect(await stat(join(folder.path, "copy 7"))).toMatchObject({ size: 64 * mib });
});

test("Canceled: a copy that nobody waits for any more ends", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "id"), "the-folder");
  const from = await fileOf(folder.path, Buffer.alloc(mib));
  const fingerprint = fileFingerprint(await stat(from, { bigint: true }));
  const gone = AbortSignal.abort(new Error("the caller went away"));
  await expect(copyInChunks(from, join(folder.path, "copy"), gone)).rejects.toThrow("the caller went away");
  const shared = openStorageFolder(folder.path);
  const file = { path: "original", fingerprint };
  expect(await shared?.copy(file as never, join(folder.path, "another"), stays)).toBe(true);
});

test("Error: neither through a link, nor over a file that is there", async () => {
  await using folder = await temporaryFolder();
  const from = await fileOf(folder.path, Buffer.from("original"));
  await symlink(from, join(folder.path, "link"));
  await expect(copyInChunks(join(folder.path, "link"), join(folder.path, "copy"), stays)).rejects.toThrow(
    "ELOOP",
  );
  await writeFile(join(folder.path, "taken"), "taken");
  await expect(copyInChunks(from, join(folder.path, "taken"), stays)).rejects.toThrow("EEXIST");
  expect(await readFile(join(folder.path, "taken"), "utf8")).toBe("taken");
  expect((await readdir(folder.path)).sort()).toEqual(["link", "original", "taken"]);
});
