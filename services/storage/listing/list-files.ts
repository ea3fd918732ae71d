import { and, eq, isNotNull, isNull, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import {
  idField,
  integerField,
  mapField,
  normalizedNameField,
  tagsField,
  textField,
  timeField,
  wordField,
} from "../../lib/list/fields.ts";
import { byCodePoints } from "../../lib/list/list-index.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { FileRow } from "../file-repository.ts";
import { files, kinds } from "../schema.ts";
import { textAfter } from "./text-after.ts";

/** Which files a list has, beside its filter. Empty texts match every file. */
export type FileFilter = {
  readonly category: FileRow["category"];
  readonly isTrashed: boolean;
  readonly prefix: string;
  readonly folder: string;
  readonly contentType: string;
  readonly kind: FileRow["kind"] | undefined;
};

const fullName = byCodePoints(files.fullName);

const fileList = listOf({
  table: files,
  key: idField(files.fileId),
  orderable: {
    create_time: timeField(files.createTime),
    name: textField(files.fullName),
    size_bytes: integerField(files.sizeBytes),
  },
  filterable: {
    name: normalizedNameField(files.nameKey),
    folder: textField(files.folder),
    content_type: textField(files.contentType),
    size_bytes: integerField(files.sizeBytes),
    sha256: textField(files.sha256),
    creator_user_id: idField(files.creatorUserId),
    create_time: timeField(files.createTime),
    update_time: timeField(files.updateTime),
    kind: wordField(files.kind, kinds),
    object_name: textField(files.objectName),
    tags: tagsField(files.tags),
    properties: mapField(files.properties),
  },
});

export function listFiles(
  db: Db,
  scope: Scope,
  request: ListRequest,
  { category, isTrashed, prefix, folder, contentType, kind }: FileFilter,
): Promise<Page<FileRow>> {
  const where = and(
    within(scope, files),
    eq(files.category, category),
    isTrashed ? isNotNull(files.deleteTime) : isNull(files.deleteTime),
    beginsWith(prefix),
    // The second condition is the one of the index.
    folder === "" ? undefined : sql`${byCodePoints(files.folder)} = ${folder} and ${files.folder} <> ''`,
    contentType === "" ? undefined : eq(files.contentType, contentType),
    kind && and(eq(files.kind, kind), kind === "general" ? undefined : sql`${files.kind} <> 'general'`),
  );
  return fileList.read(db, request, where);
}

/** Whether folder and name together begin so: a range of the index, also in a prepared statement. */
function beginsWith(prefix: string): SQL | undefined {
  if (prefix === "") return undefined;
  const end = textAfter(prefix);
  return and(sql`${fullName} >= ${prefix}`, end === undefined ? undefined : sql`${fullName} < ${end}`);
}
