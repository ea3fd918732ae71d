import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { followFile } from "../../../services/orchestration/engine/files/follow-file.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { eventually } from "../orchestration.ts";

test("OK: what is appended is copied while it is, and all of it when the end is known", async () => {
  await using folder = await temporaryFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  const written = Promise.withResolvers<void>();
  // The file does not exist yet.
  const following = followFile(from, to, written.promise);
  const pieces = [1, 3 * 1024 * 1024 + 7, 0, 5].map((size, index) => Buffer.alloc(size, index + 1));
  await using file = await open(from, "w");
  let copied = 0;
  for (const piece of pieces.slice(0, 3)) {
    await file.writeFile(piece);
    copied += piece.length;
    await eventually(async () => (await readFile(to)).length).toBe(copied);
  }
  // The last bytes arrive only when the end is known.
  await file.writeFile(pieces[3] ?? "");
  written.resolve();
  await following;
  expect((await readFile(to)).equals(Buffer.concat(pieces))).toBe(true);
});

test("rejects as what writes the file does", async () => {
  await using folder = await temporaryFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  await writeFile(from, "begun");
  const written = Promise.withResolvers<void>();
  const following = followFile(from, to, written.promise);
  await eventually(() => readFile(to, "utf8")).toBe("begun");
  written.reject(new Error("the writer failed"));
  await expect(following).rejects.toThrow("the writer failed");
});
