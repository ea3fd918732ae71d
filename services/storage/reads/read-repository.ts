import { and, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { files } from "../schema.ts";

/** Sets the time of the last read to now, unless it was written within the hour. It covers all organisations. */
export async function updateReadTimes(db: Db, fileIds: readonly string[]): Promise<void> {
  await db
    .update(files)
    .set({ lastReadTime: sql`now()` })
    .where(
      and(
        sql`${files.fileId} = any(${`{${fileIds.join(",")}}`}::uuid[])`,
        sql`coalesce(${files.lastReadTime} < now() - interval '1 hour', true)`,
      ),
    );
}
