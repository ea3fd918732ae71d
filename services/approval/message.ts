import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Destination,
  DestinationSchema,
  type Project,
  ProjectSchema,
  type TableSelection,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { ProjectRow } from "./project-repository.ts";
import type { SelectedTable, StoredDestination } from "./schema.ts";
import { toProjectState } from "./state.ts";

export function toProject(row: ProjectRow): Project {
  return create(ProjectSchema, {
    projectId: row.projectId,
    displayName: row.displayName,
    sourceId: row.sourceId,
    tables: row.tables,
    destination: fromJson(DestinationSchema, row.destination),
    state: toProjectState(row.state),
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
  });
}

export function fromTables(tables: readonly TableSelection[]): SelectedTable[] {
  return tables.map(({ schemaName, name, columns }) => ({ schemaName, name, columns }));
}

export function fromDestination(destination: Destination): StoredDestination {
  return toJson(DestinationSchema, destination) as StoredDestination;
}
