import { and, asc, count, eq, inArray, lt, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { type OwnerOrgId, ownerIn, within } from "../../lib/database/scope.ts";
import { idField, textField, timeField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { closedNamespaces } from "../schema.ts";
import { resumableUploads as uploads } from "./resumable-schema.ts";

export type UploadRow = typeof uploads.$inferSelect;
export type NewUpload = Pick<
  UploadRow,
  "uploadId" | "kind" | "name" | "contentType" | "metadata" | "sha256" | "lengthBytes"
> & {
  /** Empty for the default namespace. */
  readonly namespace: string;
  readonly concatenation?: string;
  readonly offsetBytes?: number;
};

/** An upload without a caller, for background work. */
export type UploadKey = NamespaceKey & Pick<UploadRow, "uploadId">;

/** A namespace of an organisation. There is no caller. */
export type NamespaceKey = Pick<UploadRow, "namespace"> & { readonly orgId: string };

/** Uploads that are removed at once. */
const batchMax = 100;

/** An upload is its creator's alone. */
const own = (scope: Scope) => and(within(scope, uploads), eq(uploads.creatorUserId, scope.principal.userId));
const one = (scope: Scope, uploadId: string) => and(own(scope), eq(uploads.uploadId, uploadId));

const keyed = ({ orgId, namespace, uploadId }: UploadKey) =>
  and(within({ orgId, namespaces: [namespace] }, uploads), eq(uploads.uploadId, uploadId));

const inMs = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`;

/** Throws namespaceNotFound for a closed namespace. */
export async function insertUpload(
  tx: Db,
  scope: Scope,
  { namespace, ...upload }: NewUpload,
  expireMs: number,
): Promise<UploadRow> {
  const owner = ownerIn(scope, namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const creatorUserId = scope.principal.userId;
  const row = { ...upload, ...owner, creatorUserId, expireTime: inMs(expireMs) };
  return insertedRow(await tx.insert(uploads).values(row).returning());
}

/** Number of the organisation's unfinished uploads, of all its users. */
export async function countOpen(db: Db, { orgId }: Pick<Scope, "orgId">): Promise<number> {
  const [row] = await db
    .select({ count: count() })
    .from(uploads)
    .where(and(eq(uploads.orgId, orgId as OwnerOrgId), eq(uploads.state, "open")));
  return row?.count ?? 0;
}

export async function findUpload(db: Db, scope: Scope, uploadId: string): Promise<UploadRow | undefined> {
  const [row] = await db.select().from(uploads).where(one(scope, uploadId));
  return row;
}

/** The upload, locked until the transaction ends. */
export async function lockUpload(tx: Db, scope: Scope, uploadId: string): Promise<UploadRow | undefined> {
  const [row] = await tx.select().from(uploads).where(one(scope, uploadId)).for("update");
  return row;
}

/** The uploads, locked in one order. Those that do not exist are missing. */
export function lockUploads(tx: Db, scope: Scope, uploadIds: readonly string[]): Promise<UploadRow[]> {
  return tx
    .select()
    .from(uploads)
    .where(and(own(scope), inArray(uploads.uploadId, [...new Set(uploadIds)])))
    .orderBy(asc(uploads.uploadId))
    .for("update");
}

/** Starts another attempt of an open upload: an earlier one can add nothing more. */
export async function startAttempt(
  tx: Db,
  scope: Scope,
  uploadId: string,
  { lengthBytes, expireMs }: { lengthBytes: number | undefined; expireMs: number },
): Promise<UploadRow> {
  const rows = await tx
    .update(uploads)
    .set({
      attempt: sql`${uploads.attempt} + 1`,
      expireTime: inMs(expireMs),
      ...(lengthBytes !== undefined && { lengthBytes }),
    })
    .where(and(one(scope, uploadId), eq(uploads.state, "open")))
    .returning();
  return insertedRow(rows);
}

/** Moves the offset of an attempt behind a part. Undefined if the attempt is not the last one, or the upload is gone. */
export async function moveOffset(
  tx: Db,
  scope: Scope,
  { uploadId, attempt, offsetBytes }: Pick<UploadRow, "uploadId" | "attempt" | "offsetBytes">,
  { sizeBytes, expireMs }: { sizeBytes: number; expireMs: number },
): Promise<UploadRow | undefined> {
  const [row] = await tx
    .update(uploads)
    .set({ offsetBytes: offsetBytes + sizeBytes, expireTime: inMs(expireMs) })
    .where(
      and(
        one(scope, uploadId),
        eq(uploads.state, "open"),
        eq(uploads.attempt, attempt),
        eq(uploads.offsetBytes, offsetBytes),
      ),
    )
    .returning();
  return row;
}

/** Moves an open upload to its end, which is forgotten after `forgetMs`. Undefined if it is not open any more. */
export async function moveToEnd(
  tx: Db,
  key: UploadKey,
  state: "finished" | "gone",
  forgetMs: number,
): Promise<UploadRow | undefined> {
  const [row] = await tx
    .update(uploads)
    .set({ state, expireTime: inMs(forgetMs) })
    .where(and(keyed(key), eq(uploads.state, "open")))
    .returning();
  return row;
}

/** Has the uploads expire no later than in `expireMs`. */
export async function shortenExpiry(
  tx: Db,
  scope: Scope,
  uploadIds: readonly string[],
  expireMs: number,
): Promise<void> {
  await tx
    .update(uploads)
    .set({ expireTime: sql`least(${uploads.expireTime}, ${inMs(expireMs)})` })
    .where(and(own(scope), inArray(uploads.uploadId, [...uploadIds])));
}

export async function deleteUpload(tx: Db, key: UploadKey): Promise<void> {
  await tx.delete(uploads).where(keyed(key));
}

const uploadList = listOf({
  table: uploads,
  key: idField(uploads.uploadId),
  orderable: { create_time: timeField(uploads.createTime) },
  filterable: {
    content_type: textField(uploads.contentType),
    create_time: timeField(uploads.createTime),
    expire_time: timeField(uploads.expireTime),
  },
});

/** The caller's unfinished uploads. */
export const listUploads = (db: Db, scope: Scope, request: ListRequest): Promise<Page<UploadRow>> =>
  uploadList.read(db, request, and(own(scope), eq(uploads.state, "open")));

// The functions below serve the collector and identity, not a caller.

const isExpired = lt(uploads.expireTime, sql`now()`);

/** Some expired uploads of all organisations. */
export function listExpired(db: Db): Promise<UploadKey[]> {
  return db
    .select({ orgId: uploads.orgId, namespace: uploads.namespace, uploadId: uploads.uploadId })
    .from(uploads)
    .where(isExpired)
    .orderBy(asc(uploads.expireTime))
    .limit(batchMax);
}

/** An expired upload, locked. Undefined if it was continued or removed. */
export async function lockExpired(tx: Db, key: UploadKey): Promise<UploadRow | undefined> {
  const [row] = await tx
    .select()
    .from(uploads)
    .where(and(keyed(key), isExpired))
    .for("update");
  return row;
}

/** Some uploads of a namespace, finished or not, locked in one order. */
export function lockSomeIn(tx: Db, { orgId, namespace }: NamespaceKey): Promise<UploadRow[]> {
  return tx
    .select()
    .from(uploads)
    .where(within({ orgId, namespaces: [namespace] }, uploads))
    .orderBy(asc(uploads.uploadId))
    .limit(batchMax)
    .for("update");
}

/** Number of unfinished uploads in a namespace. */
export async function countOpenIn(db: Db, { orgId, namespace }: NamespaceKey): Promise<number> {
  const [row] = await db
    .select({ count: count() })
    .from(uploads)
    .where(and(within({ orgId, namespaces: [namespace] }, uploads), eq(uploads.state, "open")));
  return row?.count ?? 0;
}
