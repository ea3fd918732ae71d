import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const engineFolder = fileURLToPath(new URL("../engine", import.meta.url));
const engineManifest = new URL("../package.json", import.meta.resolve("@duckdb/node-api"));

/**
 * Hash of DuckDB's version and of the engine's sources. Files prepared by another version are prepared again. A version number
 * raised by hand would be forgotten.
 */
export async function findReadingVersion(): Promise<string> {
  const names = (await readdir(engineFolder, { recursive: true })).filter((name) =>
    /\.(ts|wasm)$/.test(name),
  );
  const hash = createHash("sha256").update(JSON.parse(await readFile(engineManifest, "utf8")).version);
  for (const name of names.toSorted())
    hash.update(`${name}\n`).update(await readFile(join(engineFolder, name)));
  return hash.digest("hex");
}
