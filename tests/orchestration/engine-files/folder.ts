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
    /** Writes what is read. */
    write: (content: Uint8Array | string) => writeFile("sluice_input", content),
    [Symbol.asyncDispose]: async () => {
      process.chdir(before);
      await rm(path, { recursive: true });
    },
  };
}
