import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";

const engineFolder = new URL("../engine/", import.meta.url);
const engineManifest = new URL("../package.json", import.meta.resolve("@duckdb/node-api"));

/**
 * Hash of DuckDB's version and of the engine's sources. Files prepared by another version are prepared again. A version number
 * raised by hand would be forgotten.
 */
export async function findReadingVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(engineManifest, "utf8"));
  return hashSources(version, [engineFolder]);
}

/** Hash of a version and of the sources in some folders. */
export async function hashSources(version: string, folders: readonly URL[]): Promise<string> {
  const hash = createHash("sha256").update(version);
  for (const folder of folders) {
    const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(ts|wasm)$/.test(name));
    for (const name of names.toSorted())
      hash.update(`${name}\n`).update(await readFile(new URL(name, folder)));
  }
  return hash.digest("hex");
}
