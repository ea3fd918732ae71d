import { LineageKind } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { Scope } from "../../lib/guard.ts";
import { datasetIdOf } from "../../lib/ids.ts";
import { uniqueNames } from "../../lib/unique-names.ts";
import type { ApprovalDeps } from "../deps.ts";
import { listPackagedFiles, listPublishedFiles } from "../file-repository.ts";
import type { FoundTable, ProjectRow } from "../project-repository.ts";

const recordTimeoutMs = 60_000;
/** Tables of one record: they have up to 2000 columns each, a record up to 100,000. */
const tablesPerRecord = 20;
const columnNameMax = 255;

/** Records that a publication made the released data sets out of the staged ones, column by column. */
export async function recordRelease(
  { db, lineage }: ApprovalDeps,
  scope: Scope,
  project: ProjectRow,
): Promise<void> {
  const tables = await releasedTables(db, scope, project);
  for (let at = 0; at < tables.length; at += tablesPerRecord) {
    const record = recordOf(project, tables.slice(at, at + tablesPerRecord));
    await lineage.recordLineage(record, { timeoutMs: recordTimeoutMs });
  }
}

function recordOf(project: ProjectRow, tables: readonly ReleasedTable[]) {
  const columnsOf = new Map(project.foundTables?.map((table) => [keyOf(table), writtenColumns(table)]));
  return {
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

/** The columns as staging's files have them, but for those whose names are too long for the graph. */
const writtenColumns = ({ columns }: FoundTable): string[] =>
  uniqueNames(columns).filter((name) => name.length <= columnNameMax);

type ReleasedTable = Awaited<ReturnType<typeof releasedTables>>[number];

/** Each table of a release once: its staged data set, its published one, and the folder of that. */
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
