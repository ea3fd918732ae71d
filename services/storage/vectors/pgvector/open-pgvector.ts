import { sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import type { SearchEngine } from "../search-engine.ts";
import { createPgvectorEngine } from "./pgvector-engine.ts";

/** The first version whose index goes on until enough rows match. */
const versionMin = [0, 8] as const;

/** pgvector, if the database has it and the setting allows it. Throws where the setting asks for it in vain. */
export async function openPgvector(
  db: Db,
  setting: "auto" | "exact" | "pgvector",
): Promise<SearchEngine | undefined> {
  if (setting === "exact") return undefined;
  const [row] = await db.execute<{ version: string; is_visible: boolean }>(sql`
    select extversion as version, to_regtype('vector') is not null as is_visible
    from pg_extension where extname = 'vector'`);
  if (row?.is_visible && isRecent(row.version)) return createPgvectorEngine(db);
  if (setting === "auto") return undefined;
  throw new Error(
    `VECTOR_ENGINE is pgvector, and the database has ${row ? `its version ${row.version}` : "no extension vector"}: ` +
      "it has to be 0.8.0 or later, in a schema of the search path, such as public",
  );
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1]);
}
