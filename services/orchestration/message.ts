import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import type { ConnectorSchema } from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { type CrashSchema, CrashSubject } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import {
  type ExecutionSchema,
  ExecutionState as ExecutionStateMessage,
} from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { type Source, SourceSchema } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { Connector } from "./connectors/connector.ts";
import type { CrashRow } from "./crashes/crash-repository.ts";
import { isQuarantined } from "./crashes/quarantine.ts";
import type { ExecutionRow } from "./execution-repository.ts";
import type { SourceRow } from "./source-repository.ts";
import type { ExecutionState } from "./state.ts";

export const toConnector = ({
  name,
  description,
  settings,
  capabilities,
}: Connector): MessageInitShape<typeof ConnectorSchema> => ({
  name,
  description,
  // The input form: fields with a default are optional.
  settingsSchema: z.toJSONSchema(settings, { io: "input" }) as MessageInitShape<
    typeof ConnectorSchema
  >["settingsSchema"],
  // Every connector discovers and queries.
  capabilities: { discover: true, query: true, ...capabilities },
});

export const toSource = (row: SourceRow): Source =>
  create(SourceSchema, {
    sourceId: row.sourceId,
    namespace: row.namespace,
    displayName: row.displayName,
    connector: row.connector,
    settings: row.settings,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
  });

const states: Readonly<Record<ExecutionState, ExecutionStateMessage>> = {
  running: ExecutionStateMessage.RUNNING,
  succeeded: ExecutionStateMessage.SUCCEEDED,
  failed: ExecutionStateMessage.FAILED,
  cancelled: ExecutionStateMessage.CANCELLED,
};

export const toExecution = (row: ExecutionRow): MessageInitShape<typeof ExecutionSchema> => ({
  executionId: row.executionId,
  sourceId: row.sourceId ?? "",
  sourceIds: row.sourceIds,
  namespace: row.namespace,
  sql: row.sql,
  state: states[row.state],
  errorMessage: row.errorMessage,
  rowCount: row.rowCount,
  truncated: row.truncated,
  fromCache: row.fromCache,
  creatorUserId: row.creatorUserId,
  createTime: timestampFromDate(row.createTime),
  ...(row.endTime && { endTime: timestampFromDate(row.endTime) }),
});

const crashSubjects: Readonly<Record<CrashRow["subject"], CrashSubject>> = {
  file: CrashSubject.FILE,
  statement: CrashSubject.STATEMENT,
};

export const toCrash = (row: CrashRow): MessageInitShape<typeof CrashSchema> => ({
  crashId: row.crashId,
  subject: crashSubjects[row.subject],
  fileName: row.fileName,
  fileSha256: row.fileSha256,
  sql: row.sql,
  cause: row.cause,
  crashCount: row.crashCount,
  quarantined: isQuarantined(row),
  createTime: timestampFromDate(row.createTime),
  updateTime: timestampFromDate(row.updateTime),
});
