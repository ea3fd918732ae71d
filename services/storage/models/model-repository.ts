import { and, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { ofRevision } from "../../lib/database/rows.ts";
import { defaultNamespace, within } from "../../lib/database/scope.ts";
import { idField, nameField, timeField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { isId } from "../../lib/values/ids.ts";
import { models, type Texts } from "./model-schema.ts";

/** How a request names a model: by its id, or by its name in a namespace. */
export type ModelRef = { readonly model: string; readonly namespace: string };

type StoredAlias = {
  readonly alias: string;
  readonly version: number;
  readonly userId: string;
  readonly setTime: string;
};
export type ModelRow = typeof models.$inferSelect;
/** With what other tables have of it. */
export type FullModelRow = ModelRow & {
  readonly aliases: readonly StoredAlias[];
  readonly productionVersion: number | null;
};
export type ModelChange = Partial<Pick<ModelRow, "displayName" | "description" | "tags">>;

/** Selects a model that a request names. */
export function namedModel(scope: Scope, { model, namespace }: ModelRef): SQL | undefined {
  const id = model.toLowerCase();
  if (isId(id)) {
    const inNamespace = namespace === "" ? undefined : eq(models.namespace, namespace);
    return and(within(scope, models), eq(models.modelId, id), inNamespace);
  }
  const name = and(eq(models.modelName, model), eq(models.namespace, namespace || defaultNamespace));
  return and(within(scope, models), name);
}

// Columns of the outer query are written out: drizzle leaves their table away where there is only one.
const columns = {
  ...getTableColumns(models),
  aliases: sql<readonly StoredAlias[]>`(
    select coalesce(json_agg(json_build_object('alias', a.alias, 'version', a.version, 'userId', a.user_id,
      'setTime', a.set_time) order by a.alias collate "C"), '[]')
    from storage.model_aliases a where a.model_id = models.model_id)`,
  productionVersion: sql<number | null>`(
    select v.version from storage.model_versions v
    where v.model_id = models.model_id and v.stage = 'production')`,
};

export async function findModel(db: Db, scope: Scope, ref: ModelRef): Promise<FullModelRow | undefined> {
  const [row] = await db.select(columns).from(models).where(namedModel(scope, ref));
  return row;
}

/** The model, locked until the transaction ends: aliases, stages and versions change under this lock. */
export async function lockModel(tx: Db, scope: Scope, ref: ModelRef): Promise<ModelRow | undefined> {
  const [row] = await tx.select().from(models).where(namedModel(scope, ref)).for("update");
  return row;
}

const modelList = listOf<typeof models, FullModelRow>({
  table: models,
  columns,
  key: idField(models.modelId),
  orderable: { create_time: timeField(models.createTime), model_name: nameField(models.modelName) },
  filterable: {
    model_id: idField(models.modelId),
    model_name: nameField(models.modelName),
    text: nameField(models.searchText),
    creator_user_id: idField(models.creatorUserId),
    create_time: timeField(models.createTime),
    update_time: timeField(models.updateTime),
  },
});

export const listModels = (db: Db, scope: Scope, request: ListRequest): Promise<Page<FullModelRow>> =>
  modelList.read(db, request, within(scope, models));

/** Updates a model with this revision (undefined: any). Returns false if there is none. */
export async function updateModel(
  db: Db,
  scope: Scope,
  current: ModelRow,
  revision: number | undefined,
  change: ModelChange,
): Promise<boolean> {
  const rows = await db
    .update(models)
    .set({
      ...change,
      searchText: searchTextOf({ ...current, ...change }),
      updateTime: sql`now()`,
      revision: sql`${models.revision} + 1`,
    })
    .where(
      and(within(scope, models), eq(models.modelId, current.modelId), ofRevision(models.revision, revision)),
    )
    .returning({ modelId: models.modelId });
  return rows.length > 0;
}

function searchTextOf({
  modelName,
  displayName,
  description,
  tags,
}: Pick<ModelRow, "modelName" | "displayName" | "description"> & { tags: Texts }): string {
  const pairs = Object.entries(tags).map(([name, value]) => `${name} ${value}`);
  return [modelName, displayName, description, ...pairs].filter((text) => text !== "").join("\n");
}

/** Deletes a model without versions. */
export async function deleteModelRow(tx: Db, scope: Scope, modelId: string): Promise<void> {
  await tx.delete(models).where(and(within(scope, models), eq(models.modelId, modelId)));
}
