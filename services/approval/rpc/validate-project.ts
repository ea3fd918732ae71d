import { isDeepStrictEqual } from "node:util";
import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { canonicalJson, sha256 } from "../../lib/audit/event-hash.ts";
import { readCatalog } from "../../lib/clients/read-catalog.ts";
import type { Db } from "../../lib/database/database.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotFound, sourceChanged, sourceUnreachable, stateConflict } from "../errors.ts";
import { toProject } from "../message.ts";
import * as repository from "../project-repository.ts";
import { type MatchedTable, matchTables } from "../release/match-tables.ts";
import { isBeingPackaged, removePackage } from "../release/remove-package.ts";
import { validatable } from "../state.ts";

export const validateProject =
  (deps: ApprovalDeps): MethodImpl<typeof ProjectService.method.validateProject> =>
  async ({ projectId }, context) => {
    const scope = scopeOf(context);
    const project = await repository.findProject(deps.db, scope, projectId);
    if (!project) throw projectNotFound(projectId);
    refuseState(project);
    await reachSource(deps, project.sourceId);
    const catalog = await readCatalog(deps.catalog, project.sourceId);
    const { matched, problems } = matchTables(project.tables, catalog);
    if (problems.length > 0) throw sourceChanged(project.sourceId, problems);
    const row = await deps.db.transaction((tx) => keep(deps, tx, scope, project, matched.map(toFound)));
    return { project: toProject(row), tables: matched.map(toDatasetTable) };
  };

function refuseState(project: repository.ProjectRow): void {
  if (validatable.includes(project.state) && !isBeingPackaged(project)) return;
  throw stateConflict(
    project,
    `only one that is ${validatable.join(", ").replaceAll("_", " ")} can be validated`,
  );
}

async function reachSource({ sources, connectors }: ApprovalDeps, sourceId: string): Promise<void> {
  const { source } = await sources.getSource({ sourceId }).catch((error: unknown) => {
    if (error instanceof ConnectError && error.code === Code.NotFound) {
      throw sourceChanged(sourceId, ["it was removed"]);
    }
    throw error;
  });
  const { connector = "", settings = {} } = source ?? {};
  const { connected, reason } = await connectors.testConnection({ connector, settings });
  if (!connected) throw sourceUnreachable(sourceId, reason);
}

/** Stores the found tables, unless the project was changed during the validation. */
async function keep(
  deps: ApprovalDeps,
  tx: Db,
  scope: Scope,
  { projectId, tables }: repository.ProjectRow,
  foundTables: repository.FoundTable[],
): Promise<repository.ProjectRow> {
  const current = await repository.findProjectForUpdate(tx, scope, projectId);
  if (!current) throw projectNotFound(projectId);
  refuseState(current);
  if (!isDeepStrictEqual(current.tables, tables)) throw etagMismatch("project", projectId);
  await removePackage(deps, tx, scope, current);
  const row = await repository.moveProject(
    tx,
    scope,
    { projectId, to: "validated", from: validatable },
    { ...repository.withoutPackage, foundTables },
  );
  if (!row) throw projectNotFound(projectId);
  await appendEvent(tx, scope, {
    projectId,
    type: EventType.VALIDATED,
    details: { tableCount: foundTables.length, tablesSha256: sha256(canonicalJson(foundTables)) },
  });
  return row;
}

const toFound = ({ table, columns }: MatchedTable): repository.FoundTable => ({
  tableId: table.tableId,
  schemaName: table.schemaName,
  name: table.name,
  columns: columns.map(({ name }) => name),
});

const toDatasetTable = ({ table, columns }: MatchedTable) => ({
  tableId: table.tableId,
  schemaName: table.schemaName,
  name: table.name,
  columns: columns.map(({ name, dataType, nullable }) => ({ name, dataType, nullable })),
  ...(table.rowCount !== undefined && { rowCount: table.rowCount }),
});
