import { lstat, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createWorkFolder } from "../../services/orchestration/engine/processes/work-folder.ts";
import { inputName } from "../../services/orchestration/engine/work-file-names.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

test("OK: a file that a cache replaces meanwhile is linked for reading only, and readable", async () => {
  await using folder = await temporaryFolder();
  const userId = process.getuid?.() ?? 0;
  const work = createWorkFolder(join(folder.path, "work"), userId);
  const input = join(folder.path, "input");
  const replace = async (draft: string) => {
    await writeFile(draft, "bytes", { mode: 0o600 });
    await rename(draft, input);
  };
  await replace(join(folder.path, "first"));
  const modes = new Set<number>();
  for (let count = 0; count < 300; count += 1) {
    await Promise.all([
      replace(join(folder.path, `draft-${count}`)),
      work.linkFiles({ input, output: undefined }),
    ]);
    const linked = join(work.path, inputName);
    modes.add((await lstat(linked)).mode & 0o777);
    await unlink(linked);
  }
  expect([...modes]).toEqual([0o444]);
});
