import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Secrets by a name that may be printed. */
export type Planted = ReadonlyMap<string, string>;

/** The forms in which a secret can be written: as it is, in base64, in hexadecimal, in a URL, and as raw bytes. */
function formsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  const texts = [
    secret,
    bytes.toString("hex"),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ];
  // Base64 of the secret at each place in a group of three bytes, without the characters that depend on its neighbours.
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  const raw = /^[A-Za-z0-9+/]{43}=$/.test(secret) ? [Buffer.from(secret, "base64")] : [];
  return [...[...texts, ...shifted].map((text) => Buffer.from(text)), ...raw];
}

/** Names of the secrets that a text or file contains. */
export function plantedIn(content: Buffer | string, planted: Planted): string[] {
  const bytes = Buffer.from(content);
  return [...planted]
    .filter(([, secret]) => formsOf(secret).some((form) => bytes.includes(form)))
    .map(([name]) => name);
}

/** Each file below a folder that contains a secret, as `path: name`. Files that go while they are read are skipped. */
export function plantedBelow(folder: string, planted: Planted): { found: string[]; files: number } {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const found = entries.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return plantedIn(readIfThere(path, entry), planted).map(
      (name) => `${path.slice(folder.length + 1)}: ${name}`,
    );
  });
  return { found, files: entries.length };
}

function readIfThere(path: string, _entry: Dirent): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
