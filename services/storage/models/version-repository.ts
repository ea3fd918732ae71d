import { and, eq, getTableColumns, inArray, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { ofRevision } from "../../lib/database/rows.ts";
import { within } from "../../lib/database/scope.ts";
import { idField, integerField, timeField, wordField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { type ModelRef, namedModel } from "./model-repository.ts";
import {
  modelAliases,
  modelFormats,
  modelSafeties,
  modelStages,
  models,
  modelVersions,
  versionStates,
} from "./model-schema.ts";

export type VersionRow = typeof modelVersions.$inferSelect;
/** As lists have it: without its largest columns. */
export type ListedVersionRow = Omit<VersionRow, "card" | "parameters" | "signature"> &
  Partial<Pick<VersionRow, "card" | "parameters" | "signature">> & {
    readonly aliases: readonly string[];
    readonly downloadCount: number;
  };
/** A file, as JSON in SQL has it. */
export type VersionFile = {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly fileId: string | null;
  readonly format: VersionRow["format"];
  readonly safety: VersionRow["safety"];
  readonly findings: readonly string[];
  readonly downloadCount: number;
};
export type FullVersionRow = VersionRow &
  Omit<ListedVersionRow, "downloadCount"> & {
    readonly modelName: string;
    readonly files: readonly VersionFile[];
  };
export type VersionChange = Partial<Pick<VersionRow, "description" | "card" | "metrics" | "tags">>;

/** The part of a scope that selects versions. */
type Owner = Pick<Scope, "orgId" | "namespaces">;

const one = (owner: Owner, modelVersionId: string) =>
  and(within(owner, modelVersions), eq(modelVersions.modelVersionId, modelVersionId));

// Columns of the outer query are written out: drizzle leaves their table away where there is only one.
const aliases = sql<readonly string[]>`(
  select coalesce(json_agg(a.alias order by a.alias collate "C"), '[]') from storage.model_aliases a
  where a.model_id = model_versions.model_id and a.version = model_versions.version)`;
const downloadCount = sql<number>`(
  select coalesce(sum(f.download_count), 0)::float8 from storage.model_version_files f
  where f.model_version_id = model_versions.model_version_id)`;
const files = sql<readonly VersionFile[]>`(
  select coalesce(json_agg(json_build_object('path', f.path, 'sha256', f.sha256, 'sizeBytes', f.size_bytes,
    'fileId', f.file_id, 'format', f.format, 'safety', f.safety, 'findings', f.findings,
    'downloadCount', f.download_count) order by f.path collate "C"), '[]')
  from storage.model_version_files f where f.model_version_id = model_versions.model_version_id)`;

const columns = getTableColumns(modelVersions);
const complete = { ...columns, modelName: models.modelName, aliases, files };

/** The version with this number. Undefined if there is none. */
export const findVersion = (
  db: Db,
  scope: Scope,
  ref: ModelRef,
  version: number,
): Promise<FullVersionRow | undefined> =>
  findOne(db, and(namedModel(scope, ref), eq(modelVersions.version, version)));

export const findProduction = (db: Db, scope: Scope, modelId: string): Promise<FullVersionRow | undefined> =>
  findOne(db, and(within(scope, models), eq(models.modelId, modelId), eq(modelVersions.stage, "production")));

/** A version by its id, for work that no caller asked for. */
export const findVersionById = (
  db: Db,
  owner: Owner,
  modelVersionId: string,
): Promise<FullVersionRow | undefined> => findOne(db, one(owner, modelVersionId));

async function findOne(db: Db, where: SQL | undefined): Promise<FullVersionRow | undefined> {
  const query = db
    .select(complete)
    .from(modelVersions)
    .innerJoin(models, eq(models.modelId, modelVersions.modelId))
    .where(where);
  // Prepared, because planning takes longer than reading a version.
  const [row] = await query.prepare("model_version").execute();
  return row;
}

/** The version that an alias points to, found by keys of three tables in one statement. */
export async function findVersionByAlias(
  db: Db,
  scope: Scope,
  ref: ModelRef,
  alias: string,
): Promise<FullVersionRow | undefined> {
  const query = db
    .select(complete)
    .from(models)
    .innerJoin(modelAliases, and(eq(modelAliases.modelId, models.modelId), eq(modelAliases.alias, alias)))
    .innerJoin(
      modelVersions,
      and(eq(modelVersions.modelId, models.modelId), eq(modelVersions.version, modelAliases.version)),
    )
    .where(namedModel(scope, ref));
  const [row] = await query.prepare("model_version_by_alias").execute();
  return row;
}

const { card: _card, parameters: _parameters, signature: _signature, ...listed } = columns;

const versionList = listOf<typeof modelVersions, ListedVersionRow>({
  table: modelVersions,
  columns: { ...listed, aliases, downloadCount },
  key: integerField(modelVersions.version),
  orderable: { version: integerField(modelVersions.version) },
  defaultOrder: "version desc",
  filterable: {
    version: integerField(modelVersions.version),
    state: wordField(modelVersions.state, versionStates),
    stage: wordField(modelVersions.stage, modelStages),
    format: wordField(modelVersions.format, modelFormats),
    safety: wordField(modelVersions.safety, modelSafeties),
    staging_job_id: idField(modelVersions.stagingJobId),
    creator_user_id: idField(modelVersions.creatorUserId),
    create_time: timeField(modelVersions.createTime),
    update_time: timeField(modelVersions.updateTime),
  },
});

export const listVersions = (
  db: Db,
  scope: Scope,
  modelId: string,
  request: ListRequest,
): Promise<Page<ListedVersionRow>> =>
  versionList.read(db, request, and(within(scope, modelVersions), eq(modelVersions.modelId, modelId)));

/** Updates a version with this revision (undefined: any). Returns false if there is none. */
export async function updateVersion(
  db: Db,
  scope: Scope,
  modelVersionId: string,
  revision: number | undefined,
  change: VersionChange,
): Promise<boolean> {
  const rows = await db
    .update(modelVersions)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${modelVersions.revision} + 1` })
    .where(and(one(scope, modelVersionId), ofRevision(modelVersions.revision, revision)))
    .returning({ version: modelVersions.version });
  return rows.length > 0;
}

/** Moves a pending version to an end state. Returns false if another call has. */
export async function endPending(
  tx: Db,
  owner: Owner,
  modelVersionId: string,
  end: Pick<VersionRow, "state"> & Partial<Pick<VersionRow, "stateMessage" | "format" | "safety">>,
): Promise<boolean> {
  const readyTime = end.state === "ready" ? sql`now()` : null;
  const rows = await tx
    .update(modelVersions)
    .set({ ...end, readyTime })
    .where(and(one(owner, modelVersionId), eq(modelVersions.state, "pending")))
    .returning({ version: modelVersions.version });
  return rows.length > 0;
}

/** Moves a ready version to a stage. */
export async function setStage(
  tx: Db,
  scope: Scope,
  modelVersionId: string,
  stage: VersionRow["stage"],
): Promise<void> {
  await tx
    .update(modelVersions)
    .set({ stage, stageTime: sql`clock_timestamp()` })
    .where(and(one(scope, modelVersionId), eq(modelVersions.state, "ready")));
}

/** Locks a pending version against its end. Returns false if it is not pending. */
export async function lockPending(tx: Db, scope: Scope, modelVersionId: string): Promise<boolean> {
  const rows = await tx
    .select({ version: modelVersions.version })
    .from(modelVersions)
    .where(and(one(scope, modelVersionId), eq(modelVersions.state, "pending")))
    .for("update");
  return rows.length > 0;
}

export async function deleteVersions(
  tx: Db,
  owner: Owner,
  modelVersionIds: readonly string[],
): Promise<void> {
  if (modelVersionIds.length === 0) return;
  await tx
    .delete(modelVersions)
    .where(and(within(owner, modelVersions), inArray(modelVersions.modelVersionId, [...modelVersionIds])));
}

/** Ids of some versions of a model. */
export async function listVersionIds(
  db: Db,
  owner: Owner,
  modelId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ modelVersionId: modelVersions.modelVersionId })
    .from(modelVersions)
    .where(and(within(owner, modelVersions), eq(modelVersions.modelId, modelId)))
    .orderBy(modelVersions.version)
    .limit(limit);
  return rows.map(({ modelVersionId }) => modelVersionId);
}
