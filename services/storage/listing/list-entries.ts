import { and, eq, inArray, isNotNull, isNull, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { everywhere, within } from "../../lib/database/scope.ts";
import { idField, textField } from "../../lib/list/fields.ts";
import { byCodePoints } from "../../lib/list/list-index.ts";
import { digestRequest, readToken, writeToken } from "../../lib/list/page-token.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { FileRow } from "../file-repository.ts";
import { files } from "../schema.ts";
import type { FileFilter } from "./list-files.ts";
import { textAfter } from "./text-after.ts";

type EntryRequest = {
  readonly $typeName: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly delimiter: string;
};

/** A page of files and common prefixes, in the order of folder and name. */
export type EntryPage = {
  readonly rows: FileRow[];
  readonly prefixes: string[];
  readonly nextPageToken: string;
};

const pageSizeDefault = 50;
/** Before every id. */
const noId = "00000000-0000-0000-0000-000000000000";
const fullName = byCodePoints(files.fullName);
const cursorFields = [textField(files.name), idField(files.fileId)];

/** A file, or a common prefix, and where the entry after it begins. */
type Step = { file_id: string | null; common: string | null; next_name: string; next_id: string };

/**
 * The files that begin with `prefix` and have no delimiter after it, and in place of the others what they have in common. A
 * page costs one search in an index for each of its entries, however many files they stand for.
 */
export async function listEntries(
  db: Db,
  scope: Scope,
  request: EntryRequest,
  filter: Pick<FileFilter, "category" | "isTrashed" | "prefix">,
): Promise<EntryPage> {
  const digest = digestRequest(request);
  const [name = filter.prefix, id = noId] = request.pageToken
    ? readToken(request.pageToken, digest, cursorFields)
    : [];
  const pageSize = request.pageSize || pageSizeDefault;
  const steps = await db.execute<Step>(
    stepsFrom({ name, id }, { ...filter, scope, delimiter: request.delimiter, count: pageSize + 1 }),
  );
  const kept = steps.slice(0, pageSize);
  const last = steps.length > pageSize ? kept.at(-1) : undefined;
  return {
    rows: await rowsOf(
      db,
      scope,
      kept.flatMap(({ file_id }) => file_id ?? []),
      filter.isTrashed,
    ),
    prefixes: kept.flatMap(({ common }) => common ?? []),
    nextPageToken: last ? writeToken([last.next_name, last.next_id], digest) : "",
  };
}

type Walk = Pick<FileFilter, "category" | "isTrashed" | "prefix"> & {
  readonly scope: Scope;
  readonly delimiter: string;
  readonly count: number;
};

/** Each step looks for the first file after the step before: after a file, or after everything with a common prefix. */
function stepsFrom(start: { name: string; id: string }, walk: Walk): SQL {
  const { prefix, delimiter, count } = walk;
  const last = [...delimiter].at(-1) ?? "";
  return sql`
    with recursive steps (at, file_id, common, next_name, next_id) as (
      select 0, null::uuid, null::text collate "C", ${start.name}::text collate "C", ${start.id}::uuid
      union all
      select at + 1,
        case when length = 0 then found.file_id end,
        case when length > 0 then left(found.full_name, length) end collate "C",
        case when length > 0 then left(found.full_name, length - 1) || ${textAfter(last) ?? ""}::text
          else found.full_name end collate "C",
        case when length > 0 then ${noId}::uuid else found.file_id end
      from steps
      cross join lateral (${firstAfter(walk)}) found
      cross join lateral (
        select strpos(substr(found.full_name, length(${prefix}::text) + 1), ${delimiter}::text) as position
      ) split
      cross join lateral (
        select case when position = 0 then 0
          else length(${prefix}::text) + position - 1 + length(${delimiter}::text) end as length
      ) cut
      where at < ${count}::int
    )
    select file_id, common, next_name, next_id from steps where at > 0 order by at`;
}

/** The first file after a step, of all namespaces by one index, or of some by a search in each of them. */
function firstAfter(walk: Walk): SQL {
  const { namespaces } = walk.scope;
  if (namespaces === "all") return firstInOrg(walk);
  const names = sql.join(
    namespaces.map((name) => sql`${name}`),
    sql`, `,
  );
  return sql`
    select first.full_name, first.file_id from unnest(array[${names}]::text[]) as allowed (name)
    cross join lateral (${firstInNamespace(walk)}) first
    order by first.full_name collate "C", first.file_id limit 1`;
}

function firstInOrg(walk: Walk): SQL {
  const end = textAfter(walk.prefix);
  return sql`
    select ${fullName} as full_name, ${files.fileId} as file_id from ${files}
    where ${and(
      isListed(walk),
      sql`(${fullName}, ${files.fileId}) > (steps.next_name, steps.next_id)`,
      end === undefined ? undefined : sql`${fullName} < ${end}`,
    )}
    order by ${fullName}, ${files.fileId} limit 1`;
}

/** An equality of the namespace would let the planner choose an index without it, and read all other namespaces. */
function firstInNamespace(walk: Walk): SQL {
  const end = textAfter(walk.prefix);
  return sql`
    select ${fullName} as full_name, ${files.fileId} as file_id from ${files}
    where ${and(
      isListed(walk),
      sql`(${files.namespace}, ${fullName}, ${files.fileId}) > (allowed.name, steps.next_name, steps.next_id)`,
      end === undefined
        ? sql`${files.namespace} <= allowed.name`
        : sql`(${files.namespace}, ${fullName}) < (allowed.name, ${end}::text)`,
    )}
    order by ${files.namespace}, ${fullName}, ${files.fileId} limit 1`;
}

const isListed = ({ scope, category, isTrashed }: Walk): SQL | undefined =>
  and(
    within(everywhere(scope), files),
    eq(files.category, category),
    isTrashed ? isNotNull(files.deleteTime) : isNull(files.deleteTime),
  );

/** The files with these ids in their order, without those that were removed meanwhile. */
async function rowsOf(
  db: Db,
  scope: Scope,
  fileIds: readonly string[],
  isTrashed: boolean,
): Promise<FileRow[]> {
  if (fileIds.length === 0) return [];
  const rows = await db
    .select()
    .from(files)
    .where(and(within(scope, files), inArray(files.fileId, [...fileIds])));
  const listed = rows.filter(({ deleteTime }) => (deleteTime !== null) === isTrashed);
  const byId = new Map(listed.map((row) => [row.fileId, row]));
  return fileIds.flatMap((fileId) => byId.get(fileId) ?? []);
}
