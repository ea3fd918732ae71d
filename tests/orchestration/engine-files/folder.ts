import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder as the working directory, like the work folder of an engine process. */
export async function openFolder() {
  const before = process.cwd();
  const path = await mkdtemp(join(tmpdir(), "sluice-files-"));
  process.chdir(path);
  return {
    path,
    /** Writes the input after removing the files of the previous task, as an engine process does between tasks. */
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
