import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

export type Write = (data: Uint8Array | string) => Promise<void>;

/** Writes a file that gets its name when it is complete. */
export async function writeFileWhole(path: string, produce: (write: Write) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.sluice-${process.pid}.part`);
  try {
    await using file = await open(temporary, "wx");
    await produce((data) => file.writeFile(data));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
