import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own as the working directory, which is where an engine's process reads and writes. */
export async function openFolder() {
  const before = process.cwd();
  const path = await mkdtemp(join(tmpdir(), "sluice-files-"));
  process.chdir(path);
  return {
    path,
    /** Writes what is read; what the task before left is gone, as between tasks of a process. */
    write: async (content: Uint8Array | string) => {
      for (const name of ["sluice_plain", "sluice_normal"]) await rm(name, { force: true });
      await writeFile("sluice_input", content);
    },
    [Symbol.asyncDispose]: async () => {
      process.chdir(before);
      await rm(path, { recursive: true });
    },
  };
}
