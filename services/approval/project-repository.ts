import { and, asc, eq, inArray, isNotNull, or, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow, ofRevision } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { projects } from "./schema.ts";
import { type State, statesBefore } from "./state.ts";

export type ProjectRow = typeof projects.$inferSelect;
/** A selected table as validation found it, with all columns that will be released. */
export type FoundTable = NonNullable<ProjectRow["foundTables"]>[number];
export type NewProject = Pick<
  ProjectRow,
  "projectId" | "displayName" | "sourceId" | "tables" | "destination" | "approvalsRequired"
>;
type Key = "projectId" | "orgId" | "sourceId" | "state" | "revision" | "createTime" | "creatorUserId";
export type ProjectChange = Partial<Omit<ProjectRow, Key>>;

/** Clears the columns of a package. */
export const withoutPackage = {
  packageId: null,
  stagingJobId: null,
  manifestSha256: null,
  submitterUserId: null,
  releaseAsked: false,
  errorMessage: null,
  errorReason: null,
} as const satisfies ProjectChange;

const one = (scope: Scope, projectId: string) =>
  and(eq(projects.orgId, scope.orgId), eq(projects.projectId, projectId));

export async function findProject(db: Db, scope: Scope, projectId: string): Promise<ProjectRow | undefined> {
  const [row] = await db.select().from(projects).where(one(scope, projectId));
  return row;
}

/** Locks the project until the transaction ends. */
export async function findProjectForUpdate(
  db: Db,
  scope: Scope,
  projectId: string,
): Promise<ProjectRow | undefined> {
  const [row] = await db.select().from(projects).where(one(scope, projectId)).for("update");
  return row;
}

/** Projects ordered by id, which is by age. `state` undefined means any. */
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
        fromPage(projects.projectId, page),
        state === undefined ? undefined : eq(projects.state, state),
      ),
    )
    .orderBy(asc(projects.projectId))
    .limit(page.limit);
}

/** Projects of all organisations that are being packaged or published, or whose lineage is not recorded yet. */
export function listUnfinished(db: Db): Promise<ProjectRow[]> {
  return db
    .select()
    .from(projects)
    .where(
      or(
        and(eq(projects.state, "validated"), isNotNull(projects.packageId)),
        eq(projects.state, "publishing"),
        and(eq(projects.state, "published"), eq(projects.lineageRecorded, false)),
      ),
    );
}

export async function insertProject(db: Db, scope: Scope, project: NewProject): Promise<ProjectRow> {
  const owner = { orgId: scope.orgId, creatorUserId: scope.principal.userId };
  const rows = await db
    .insert(projects)
    .values({ ...project, ...owner })
    .returning();
  return insertedRow(rows);
}

/**
 * Moves a project to a state, from one of the states in `from` (default: all that may lead there). If `packageId` or
 * `revision` is given, the row has to match it. Undefined if no row matches.
 */
export async function moveProject(
  db: Db,
  scope: Scope,
  move: { projectId: string; to: State; from?: readonly State[]; packageId?: string; revision?: number },
  change: ProjectChange = {},
): Promise<ProjectRow | undefined> {
  const { projectId, to, from = statesBefore(to), packageId, revision } = move;
  const [row] = await db
    .update(projects)
    .set({ ...change, state: to, updateTime: sql`now()`, revision: sql`${projects.revision} + 1` })
    .where(
      and(
        one(scope, projectId),
        inArray(projects.state, [...from]),
        packageId === undefined ? undefined : eq(projects.packageId, packageId),
        ofRevision(projects.revision, revision),
      ),
    )
    .returning();
  return row;
}

/**
 * Updates a project's package or release without a new revision, because readers see no change. False if the package is
 * gone.
 */
export async function updatePackage(
  db: Db,
  scope: Scope,
  { projectId, packageId }: { projectId: string; packageId: string },
  change: Pick<ProjectChange, "stagingJobId" | "releaseAsked" | "lineageRecorded">,
): Promise<boolean> {
  const rows = await db
    .update(projects)
    .set(change)
    .where(and(one(scope, projectId), eq(projects.packageId, packageId)))
    .returning({ projectId: projects.projectId });
  return rows.length > 0;
}

export async function deleteProject(db: Db, scope: Scope, projectId: string): Promise<void> {
  await db.delete(projects).where(one(scope, projectId));
}
