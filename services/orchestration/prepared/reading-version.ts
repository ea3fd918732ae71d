import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const rules = fileURLToPath(new URL("../engine", import.meta.url));
const engineManifest = new URL("../package.json", import.meta.resolve("@duckdb/node-api"));

/**
 * Names how files are read: by which DuckDB, and by which of our own programs. What was prepared otherwise is prepared again.
 * It is the programs' hash, so that nobody has to remember to raise a number.
 */
export async function findReadingVersion(): Promise<string> {
  const names = (await readdir(rules, { recursive: true })).filter((name) => /\.(ts|wasm)$/.test(name));
  const hash = createHash("sha256").update(JSON.parse(await readFile(engineManifest, "utf8")).version);
  for (const name of names.toSorted()) hash.update(`${name}\n`).update(await readFile(join(rules, name)));
  return hash.digest("hex");
}
