import { and, eq, inArray, isNotNull, or, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { enterNamespace } from "../lib/database/namespace-gate.ts";
import { insertedRow, ofRevision } from "../lib/database/rows.ts";
import { ownerIn, within } from "../lib/database/scope.ts";
import { idField, nameField, textField, timeField, wordField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { closedNamespaces, projects } from "./schema.ts";
import { type State, states, statesBefore } from "./state.ts";

export type ProjectRow = typeof projects.$inferSelect;
/** A selected table as validation found it, with all columns that will be released. */
export type FoundTable = NonNullable<ProjectRow["foundTables"]>[number];
export type NewProject = Pick<
  ProjectRow,
  "projectId" | "namespace" | "displayName" | "sourceId" | "tables" | "destination" | "approvalsRequired"
>;
type Key =
  | "projectId"
  | "orgId"
  | "namespace"
  | "sourceId"
  | "state"
  | "revision"
  | "createTime"
  | "creatorUserId";
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
  and(within(scope, projects), eq(projects.projectId, projectId));

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

const projectList = listOf({
  table: projects,
  key: idField(projects.projectId),
  orderable: {
    create_time: timeField(projects.createTime),
    display_name: textField(projects.displayName),
    update_time: timeField(projects.updateTime),
  },
  filterable: {
    display_name: nameField(projects.displayName),
    state: wordField(projects.state, states),
    source_id: idField(projects.sourceId),
    creator_user_id: idField(projects.creatorUserId),
    create_time: timeField(projects.createTime),
    update_time: timeField(projects.updateTime),
    publish_time: timeField(projects.publishTime),
  },
});

/** `state` undefined means any. */
export function listProjects(
  db: Db,
  scope: Scope,
  request: ListRequest,
  state: State | undefined,
): Promise<Page<ProjectRow>> {
  const where = and(within(scope, projects), state === undefined ? undefined : eq(projects.state, state));
  return projectList.read(db, request, where);
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

export async function insertProject(tx: Db, scope: Scope, project: NewProject): Promise<ProjectRow> {
  const owner = ownerIn(scope, project.namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const rows = await tx
    .insert(projects)
    .values({ ...project, ...owner, creatorUserId: scope.principal.userId })
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
