import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Db } from "../lib/database.ts";
import type { Scope } from "../lib/guard.ts";
import type { Page } from "../lib/paging.ts";
import { projects } from "./schema.ts";
import type { State } from "./state.ts";

export type ProjectRow = typeof projects.$inferSelect;
export type NewProject = Pick<
  ProjectRow,
  "projectId" | "displayName" | "sourceId" | "tables" | "destination"
>;
export type ProjectChange = Partial<Pick<ProjectRow, "displayName" | "tables" | "destination">>;

const one = (scope: Scope, projectId: string) =>
  and(eq(projects.orgId, scope.orgId), eq(projects.projectId, projectId));

export async function findProject(db: Db, scope: Scope, projectId: string): Promise<ProjectRow | undefined> {
  const [row] = await db.select().from(projects).where(one(scope, projectId));
  return row;
}

/** Projects by id, which is by age; `state` undefined for any. */
export function listProjects(
  db: Db,
  scope: Scope,
  page: Page,
  state: State | undefined,
): Promise<ProjectRow[]> {
  return db
    .select()
    .from(projects)
    .where(
      and(
        eq(projects.orgId, scope.orgId),
        page.after === undefined ? undefined : gt(projects.projectId, page.after),
        state === undefined ? undefined : eq(projects.state, state),
      ),
    )
    .orderBy(asc(projects.projectId))
    .limit(page.limit);
}

export async function insertProject(db: Db, scope: Scope, project: NewProject): Promise<ProjectRow> {
  const owner = { orgId: scope.orgId, creatorUserId: scope.principal.userId };
  const [row] = await db
    .insert(projects)
    .values({ ...project, ...owner })
    .returning();
  if (!row) throw new Error("the insert returned no row");
  return row;
}

/** Changes a draft of that revision (undefined: of any); undefined when there is none. */
export async function updateDraft(
  db: Db,
  scope: Scope,
  projectId: string,
  revision: number | undefined,
  change: ProjectChange,
): Promise<ProjectRow | undefined> {
  const [row] = await db
    .update(projects)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${projects.revision} + 1` })
    .where(
      and(
        one(scope, projectId),
        eq(projects.state, "draft"),
        revision === undefined ? undefined : eq(projects.revision, revision),
      ),
    )
    .returning();
  return row;
}

/** Removes a draft; false when there is none. */
export async function deleteDraft(db: Db, scope: Scope, projectId: string): Promise<boolean> {
  const rows = await db
    .delete(projects)
    .where(and(one(scope, projectId), eq(projects.state, "draft")))
    .returning({ projectId: projects.projectId });
  return rows.length > 0;
}
