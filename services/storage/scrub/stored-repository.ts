import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { ObjectKey } from "../objects/object-store.ts";
import { resumableParts } from "../resumable/resumable-schema.ts";
import { blobs, coldBlobs, files } from "../schema.ts";
import { fileVersions } from "../versions/version-schema.ts";

/** What the database says about an object. */
export type RecordedObject = ObjectKey & {
  /** Whether it was found in the store without a row. */
  readonly isFound: boolean;
  readonly fileCount: number;
  /** Some of the files that need it. */
  readonly fileIds: string[];
  /** Size of its files; undefined without files. */
  readonly sizeBytes: number | undefined;
};

/** Files that a finding names. The contract states it. */
const fileIdsMax = 10;

type Row = {
  org_id: string;
  sha256: string;
  is_found: boolean;
  file_count: number;
  file_ids: string[] | null;
  size_bytes: string | null;
};

/** Objects of all organisations after a key, in the order of the keys. */
export const listRecorded = (
  db: Db,
  after: ObjectKey | undefined,
  limit: number,
): Promise<RecordedObject[]> =>
  readRecorded(
    db,
    after ? sql`where (org_id, sha256) > (${after.orgId}::uuid, ${after.sha256})` : sql``,
    limit,
  );

/** What the database says about an object now; undefined if there is no row. */
export async function findRecorded(
  db: Db,
  { orgId, sha256 }: ObjectKey,
): Promise<RecordedObject | undefined> {
  const [row] = await readRecorded(db, sql`where (org_id, sha256) = (${orgId}::uuid, ${sha256})`, 1);
  return row;
}

async function readRecorded(db: Db, where: SQL, limit: number): Promise<RecordedObject[]> {
  const rows = await db.execute<Row>(sql`
    with needed as not materialized (
      select org_id, sha256, file_id, size_bytes from ${files}
      union all
      select org_id, sha256, file_id, size_bytes from ${fileVersions}
      union all
      -- The id of an upload is that of the file that it becomes.
      select org_id, sha256, upload_id, size_bytes from ${resumableParts}
    )
    select blob.org_id, blob.sha256, blob.found_time is not null as is_found, used.file_count, used.file_ids,
      used.size_bytes::text
    from (select * from ${blobs} ${where} order by org_id, sha256 limit ${limit}) as blob
    cross join lateral (
      select count(distinct file_id)::int as file_count, min(size_bytes) as size_bytes,
        (array_agg(distinct file_id order by file_id))[1:${sql.raw(String(fileIdsMax))}] as file_ids
      from (
        -- Content in the cold tier is compressed in another object, which its files need instead.
        select file_id, size_bytes from needed
        where needed.org_id = blob.org_id and needed.sha256 = blob.sha256 and not exists (
          select from ${coldBlobs} as cold
          where cold.org_id = blob.org_id and cold.sha256 = blob.sha256 and cold.cold_sha256 is not null
        )
        union all
        select needed.file_id, cold.stored_bytes from ${coldBlobs} as cold
        join needed on needed.org_id = cold.org_id and needed.sha256 = cold.sha256
        where cold.org_id = blob.org_id and cold.cold_sha256 = blob.sha256
      ) as user_of_object
    ) as used
    order by blob.org_id, blob.sha256`);
  return rows.map((row) => ({
    orgId: row.org_id,
    sha256: row.sha256,
    isFound: row.is_found,
    fileCount: row.file_count,
    fileIds: row.file_ids ?? [],
    sizeBytes: row.size_bytes === null ? undefined : Number(row.size_bytes),
  }));
}
