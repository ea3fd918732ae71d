import { sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { closedNamespaces } from "../schema.ts";
import type { NewEvent } from "./event-repository.ts";
import type { NewVersionFile } from "./model-file-repository.ts";
import type { VersionRow } from "./version-repository.ts";

/** What a registration says; the rest of the row follows from the model. */
export type NewRegistration = {
  readonly modelName: string;
  readonly namespace: string;
  readonly version: Omit<
    VersionRow,
    | "orgId"
    | "namespace"
    | "modelId"
    | "version"
    | "stage"
    | "stageTime"
    | "createTime"
    | "updateTime"
    | "readyTime"
    | "revision"
  >;
  /** Files that have not arrived. */
  readonly announced: readonly NewVersionFile[];
  readonly events: readonly Pick<NewEvent, "kind" | "userId">[];
};

/**
 * Inserts a version with its announced files and events, and its model if it is new, in one statement. It takes the number
 * after the model's highest, under the lock on the model's row.
 */
export async function insertRegistration(
  tx: Db,
  scope: Scope,
  { modelName, namespace, version, announced, events }: NewRegistration,
): Promise<VersionRow> {
  const owner = ownerIn(scope, namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const listed = events.map((event) => ({ ...event, eventId: newId() }));
  const rows = await tx.execute<{ model_id: string; version: number; create_time: string }>(sql`
    with model as (
      insert into storage.models
        (model_id, org_id, namespace, model_name, search_text, latest_version, creator_user_id)
      values (${newId()}, ${owner.orgId}, ${owner.namespace}, ${modelName}, ${modelName}, 1, ${version.creatorUserId})
      on conflict (org_id, namespace, model_name) do update set latest_version = models.latest_version + 1
      returning model_id, org_id, namespace, latest_version
    ), registered as (
      insert into storage.model_versions (model_version_id, org_id, namespace, model_id, version, state, ready_time,
        description, card, algorithm, metrics, parameters, tags, signature, manifest_sha256, file_count, size_bytes,
        format, safety, staging_job_id, dataset_ids, lineage_pending, creator_user_id)
      select ${version.modelVersionId}, org_id, namespace, model_id, latest_version, ${version.state},
        ${version.state === "ready" ? sql`now()` : null}::timestamptz, ${version.description}, ${version.card},
        ${version.algorithm}, ${JSON.stringify(version.metrics)}::jsonb, ${JSON.stringify(version.parameters)}::jsonb,
        ${JSON.stringify(version.tags)}::jsonb, ${version.signature && JSON.stringify(version.signature)}::jsonb,
        ${version.manifestSha256}, ${version.fileCount}, ${version.sizeBytes}, ${version.format}, ${version.safety},
        ${version.stagingJobId}::uuid, ${JSON.stringify(version.datasetIds)}::jsonb, ${version.lineagePending},
        ${version.creatorUserId}
      from model
      returning model_id, version, create_time
    ), files as (
      insert into storage.model_version_files (model_version_id, path, sha256, size_bytes)
      select "modelVersionId", path, sha256, "sizeBytes"
      from json_to_recordset(${JSON.stringify(announced)}::json)
        as f("modelVersionId" uuid, path text, sha256 text, "sizeBytes" bigint)
    ), events as (
      insert into storage.model_events (event_id, org_id, namespace, model_id, kind, version, user_id, create_time)
      select "eventId", org_id, namespace, model_id, kind, latest_version, "userId", clock_timestamp()
      from model, json_to_recordset(${JSON.stringify(listed)}::json) as e("eventId" uuid, kind text, "userId" uuid)
    )
    select model_id, version, create_time from registered`);
  const { model_id: modelId, version: number, create_time } = insertedRow([...rows]);
  const createTime = new Date(create_time);
  return {
    ...version,
    ...owner,
    modelId,
    version: number,
    stage: "development",
    stageTime: null,
    createTime,
    updateTime: createTime,
    readyTime: version.state === "ready" ? createTime : null,
    revision: 1,
  };
}
