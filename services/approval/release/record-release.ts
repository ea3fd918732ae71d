import { LineageKind } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { recordLineage } from "../../lib/clients/record-lineage.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { datasetIdOf } from "../../lib/values/ids.ts";
import { uniqueNames } from "../../lib/values/unique-names.ts";
import type { ApprovalDeps } from "../deps.ts";
import { listPackagedFiles, listPublishedFiles } from "../file-repository.ts";
import type { ProjectRow } from "../project-repository.ts";

/** Records the lineage from staged to published data sets, column by column. */
export async function recordRelease(deps: ApprovalDeps, scope: Scope, project: ProjectRow): Promise<void> {
  const tables = await releasedTables(deps.db, scope, project);
  await recordLineage(deps, tables, (some) => recordOf(project, some));
}

function recordOf(project: ProjectRow, tables: readonly ReleasedTable[]) {
  // Columns of the staged files.
  const columnsOf = new Map(project.foundTables?.map((table) => [keyOf(table), uniqueNames(table.columns)]));
  return {
    namespace: project.namespace,
    job: { entityId: project.projectId, kind: LineageKind.JOB, name: project.displayName },
    inputs: tables.map(({ stagedId, name }) => ({ entityId: stagedId, kind: LineageKind.DATASET, name })),
    outputs: tables.map(({ datasetId, path }) => ({
      entityId: datasetId,
      kind: LineageKind.DATASET,
      name: path,
    })),
    columns: tables.flatMap(({ stagedId, datasetId, key }) =>
      (columnsOf.get(key) ?? []).map((column) => ({
        inputEntityId: stagedId,
        inputColumn: column,
        outputEntityId: datasetId,
        outputColumn: column,
      })),
    ),
  };
}

type ReleasedTable = Awaited<ReturnType<typeof releasedTables>>[number];

/** The tables of a release, each with its staged and its published data set and the published folder. */
async function releasedTables(db: ApprovalDeps["db"], scope: Scope, project: ProjectRow) {
  const packaged = await listPackagedFiles(db, scope, project.projectId);
  const published = await listPublishedFiles(db, scope, project.projectId);
  const byDataset = new Map(
    published.map(({ datasetId, path }, position) => {
      const { schemaName = "", tableName = "" } = packaged[position] ?? {};
      const table = {
        stagedId: datasetIdOf(project.stagingJobId ?? "", schemaName, tableName),
        key: keyOf({ schemaName, name: tableName }),
        name: schemaName ? `${schemaName}.${tableName}` : tableName,
        datasetId,
        path: path.slice(0, path.lastIndexOf("/")),
      };
      return [datasetId, table] as const;
    }),
  );
  return [...byDataset.values()];
}

const keyOf = ({ schemaName, name }: { schemaName: string; name: string }): string =>
  JSON.stringify([schemaName, name]);
