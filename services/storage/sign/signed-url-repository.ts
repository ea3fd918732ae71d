import { and, eq, isNull, lt, or, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { ownerIn, within } from "../../lib/database/scope.ts";
import { idField, timeField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { arrayOf } from "../file-repository.ts";
import { closedNamespaces } from "../schema.ts";
import { signedUrlGenerations, signedUrls } from "./signed-url-schema.ts";

export type SignedUrlRow = typeof signedUrls.$inferSelect;
export type NewSignedUrl = Pick<SignedUrlRow, "urlId" | "operation" | "usesMax" | "expireTime"> &
  Partial<Pick<SignedUrlRow, "fileId" | "name" | "contentType" | "sizeBytesMax">> & {
    readonly namespace: string;
  };

/** The part of a scope that selects a URL. A token has nothing else. */
type Owner = Pick<Scope, "orgId" | "namespaces">;

/** Expired URLs that one statement deletes. */
const deletedMax = 1000;

const one = (owner: Owner, urlId: string) => and(within(owner, signedUrls), eq(signedUrls.urlId, urlId));

// The database's clock decides about stored URLs: it is the same for all processes.
const isValid = and(
  isNull(signedUrls.revokeTime),
  sql`${signedUrls.expireTime} > now()`,
  or(isNull(signedUrls.usesMax), lt(signedUrls.useCount, signedUrls.usesMax)),
);

export async function insertSignedUrl(tx: Db, scope: Scope, url: NewSignedUrl): Promise<SignedUrlRow> {
  const owner = ownerIn(scope, url.namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const { userId, apiKeyId = null } = scope.principal;
  const rows = await tx
    .insert(signedUrls)
    .values({ ...url, ...owner, creatorUserId: userId, apiKeyId })
    .returning();
  return insertedRow(rows);
}

export async function findSignedUrl(db: Db, owner: Owner, urlId: string): Promise<SignedUrlRow | undefined> {
  const [row] = await db.select().from(signedUrls).where(one(owner, urlId));
  return row;
}

/** A URL that is neither expired nor revoked nor used up. */
export async function findValidUrl(db: Db, owner: Owner, urlId: string): Promise<SignedUrlRow | undefined> {
  const [row] = await db
    .select()
    .from(signedUrls)
    .where(and(one(owner, urlId), isValid));
  return row;
}

/** Counts a use of a valid URL that has a limit. Undefined if it is not valid. */
export async function takeUse(db: Db, owner: Owner, urlId: string): Promise<SignedUrlRow | undefined> {
  const [row] = await db
    .update(signedUrls)
    .set({ useCount: sql`${signedUrls.useCount} + 1` })
    .where(and(one(owner, urlId), isValid))
    .returning();
  return row;
}

/** Takes back a use that led to nothing. */
export async function returnUse(db: Db, owner: Owner, urlId: string): Promise<void> {
  await db
    .update(signedUrls)
    .set({ useCount: sql`greatest(${signedUrls.useCount} - 1, 0)` })
    .where(one(owner, urlId));
}

const urlList = listOf({
  table: signedUrls,
  key: idField(signedUrls.urlId),
  orderable: { create_time: timeField(signedUrls.createTime) },
  filterable: {
    file_id: idField(signedUrls.fileId),
    creator_user_id: idField(signedUrls.creatorUserId),
    create_time: timeField(signedUrls.createTime),
    expire_time: timeField(signedUrls.expireTime),
  },
});

export const listSignedUrls = (db: Db, scope: Scope, request: ListRequest): Promise<Page<SignedUrlRow>> =>
  urlList.read(db, request, within(scope, signedUrls));

/** Revokes a URL. Returns false for one that is revoked, which keeps its time. */
export async function revokeUrl(db: Db, owner: Owner, urlId: string): Promise<boolean> {
  const rows = await db
    .update(signedUrls)
    .set({ revokeTime: sql`now()` })
    .where(and(one(owner, urlId), isNull(signedUrls.revokeTime)))
    .returning({ urlId: signedUrls.urlId });
  return rows.length > 0;
}

/** Revokes all URLs that read a file, the ones that are not stored by the next generation. */
export async function revokeUrlsOf(tx: Db, owner: Owner, fileId: string): Promise<void> {
  await tx
    .update(signedUrls)
    .set({ revokeTime: sql`now()` })
    .where(and(within(owner, signedUrls), eq(signedUrls.fileId, fileId), isNull(signedUrls.revokeTime)));
  await tx
    .insert(signedUrlGenerations)
    .values({ fileId, generation: 1 })
    .onConflictDoUpdate({
      target: signedUrlGenerations.fileId,
      set: { generation: sql`${signedUrlGenerations.generation} + 1` },
    });
}

/** The generations of the files' URLs, without those of generation 0. The ids can be of any organisation. */
export async function listGenerations(db: Db, fileIds: readonly string[]): Promise<Map<string, number>> {
  if (fileIds.length === 0) return new Map();
  const rows = await db
    .select()
    .from(signedUrlGenerations)
    .where(sql`${signedUrlGenerations.fileId} = any(${arrayOf(fileIds)}::uuid[])`);
  return new Map(rows.map(({ fileId, generation }) => [fileId, generation]));
}

/** The subset of the ids that are valid URLs, of any organisation. */
export async function listValidUrls(db: Db, urlIds: readonly string[]): Promise<Set<string>> {
  if (urlIds.length === 0) return new Set();
  const rows = await db
    .select({ urlId: signedUrls.urlId })
    .from(signedUrls)
    .where(and(sql`${signedUrls.urlId} = any(${arrayOf(urlIds)}::uuid[])`, isValid));
  return new Set(rows.map(({ urlId }) => urlId));
}

/** The URLs of a file follow it to its new namespace. */
export async function moveUrlsOf(tx: Db, owner: Pick<Scope, "orgId">, fileId: string, namespace: string) {
  await tx
    .update(signedUrls)
    .set({ namespace })
    .where(and(within({ ...owner, namespaces: "all" }, signedUrls), eq(signedUrls.fileId, fileId)));
}

/** Deletes the URLs of a namespace. */
export async function deleteUrlsIn(tx: Db, { orgId, namespace }: { orgId: string; namespace: string }) {
  await tx.delete(signedUrls).where(within({ orgId, namespaces: [namespace] }, signedUrls));
}

/** Deletes some of the URLs that expired this long ago. */
export async function deleteExpiredUrls(db: Db, keptMs: number): Promise<void> {
  await db.execute(sql`
    delete from ${signedUrls} where ${signedUrls.urlId} in (
      select ${signedUrls.urlId} from ${signedUrls}
      where ${signedUrls.expireTime} < now() - ${keptMs} * interval '1 millisecond'
      order by ${signedUrls.expireTime} limit ${deletedMax} for update skip locked
    )`);
}
