import { and, countDistinct, eq } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { insertedRow } from "../lib/database/rows.ts";
import { idField, textField, timeField, wordField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { decisions, reviews } from "./schema.ts";

export type ReviewRow = typeof reviews.$inferSelect;
export type NewReview = Omit<ReviewRow, "orgId" | "reviewerUserId" | "createTime">;

const ofProject = (scope: Scope, projectId: string) =>
  and(eq(reviews.orgId, scope.orgId), eq(reviews.projectId, projectId));

/** The caller's decision of this kind about a manifest. */
export async function findOwnReview(
  db: Db,
  scope: Scope,
  { projectId, manifestSha256, decision }: Pick<NewReview, "projectId" | "manifestSha256" | "decision">,
): Promise<ReviewRow | undefined> {
  const [row] = await db
    .select()
    .from(reviews)
    .where(
      and(
        ofProject(scope, projectId),
        eq(reviews.manifestSha256, manifestSha256),
        eq(reviews.decision, decision),
        eq(reviews.reviewerUserId, scope.principal.userId),
      ),
    );
  return row;
}

/** Number of users who approved a manifest. */
export async function countApprovals(
  db: Db,
  scope: Scope,
  { projectId, manifestSha256 }: Pick<NewReview, "projectId" | "manifestSha256">,
): Promise<number> {
  const [row] = await db
    .select({ count: countDistinct(reviews.reviewerUserId) })
    .from(reviews)
    .where(
      and(
        ofProject(scope, projectId),
        eq(reviews.manifestSha256, manifestSha256),
        eq(reviews.decision, "approved"),
      ),
    );
  return row?.count ?? 0;
}

const reviewList = listOf({
  table: reviews,
  key: idField(reviews.reviewId),
  orderable: { create_time: timeField(reviews.createTime) },
  filterable: {
    decision: wordField(reviews.decision, decisions),
    reviewer_user_id: idField(reviews.reviewerUserId),
    manifest_sha256: textField(reviews.manifestSha256),
    create_time: timeField(reviews.createTime),
  },
});

export function listReviews(
  db: Db,
  scope: Scope,
  projectId: string,
  request: ListRequest,
): Promise<Page<ReviewRow>> {
  return reviewList.read(db, request, ofProject(scope, projectId));
}

export async function insertReview(db: Db, scope: Scope, review: NewReview): Promise<ReviewRow> {
  const rows = await db
    .insert(reviews)
    .values({ ...review, orgId: scope.orgId, reviewerUserId: scope.principal.userId })
    .returning();
  return insertedRow(rows);
}
