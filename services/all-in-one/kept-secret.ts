import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const keyBytes = 32;

/** A random key of 32 bytes in base64, created once and stored in a file of mode 0600. */
export async function keptSecret(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  return (await readIfThere(path)) ?? (await make(path));
}

async function make(path: string): Promise<string> {
  const temporary = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(`${randomBytes(keyBytes).toString("base64")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  // link() is atomic and never replaces a key that another process has created since.
  await link(temporary, path).catch(ignoreCode("EEXIST"));
  await rm(temporary);
  const made = await readIfThere(path);
  if (made === undefined) throw new Error(`could not keep ${path}`);
  return made;
}

async function readIfThere(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(ignoreCode("ENOENT"));
  return text?.trim();
}

const ignoreCode = (code: string) => (error: unknown) => {
  if ((error as NodeJS.ErrnoException).code !== code) throw error;
  return undefined;
};
