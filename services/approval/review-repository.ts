import { and, asc, countDistinct, eq } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { reviews } from "./schema.ts";

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

/** Reviews ordered by id, which is by age. */
export function listReviews(db: Db, scope: Scope, projectId: string, page: Page): Promise<ReviewRow[]> {
  return db
    .select()
    .from(reviews)
    .where(and(ofProject(scope, projectId), fromPage(reviews.reviewId, page)))
    .orderBy(asc(reviews.reviewId))
    .limit(page.limit);
}

export async function insertReview(db: Db, scope: Scope, review: NewReview): Promise<ReviewRow> {
  const rows = await db
    .insert(reviews)
    .values({ ...review, orgId: scope.orgId, reviewerUserId: scope.principal.userId })
    .returning();
  return insertedRow(rows);
}
