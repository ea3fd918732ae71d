import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ConnectorService } from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { CrashService } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { FilePreviewService } from "../../gen/sluice/orchestration/v1/file_previews_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/orchestration/v1/namespaces_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { StatusService } from "../../gen/sluice/orchestration/v1/status_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "./deps.ts";
import { cancelExecution } from "./rpc/cancel-execution.ts";
import { closeSnapshot } from "./rpc/close-snapshot.ts";
import { createSource } from "./rpc/create-source.ts";
import { deleteSource } from "./rpc/delete-source.ts";
import { discover } from "./rpc/discover.ts";
import { executeQuery } from "./rpc/execute-query.ts";
import { extractChunk } from "./rpc/extract-chunk.ts";
import { findEntities } from "./rpc/find-entities.ts";
import { getAiContext } from "./rpc/get-ai-context.ts";
import { getConnector } from "./rpc/get-connector.ts";
import { getDiscoverySchedule } from "./rpc/get-discovery-schedule.ts";
import { getDownstream } from "./rpc/get-downstream.ts";
import { getEvent } from "./rpc/get-event.ts";
import { getExecution } from "./rpc/get-execution.ts";
import { getImpact } from "./rpc/get-impact.ts";
import { getLineage } from "./rpc/get-lineage.ts";
import { getSource } from "./rpc/get-source.ts";
import { getStatus } from "./rpc/get-status.ts";
import { getTable } from "./rpc/get-table.ts";
import { getUpstream } from "./rpc/get-upstream.ts";
import { ingestBatch } from "./rpc/ingest-batch.ts";
import { ingestEvent } from "./rpc/ingest-event.ts";
import { listConnectors } from "./rpc/list-connectors.ts";
import { listCrashes } from "./rpc/list-crashes.ts";
import { listEvents } from "./rpc/list-events.ts";
import { listExecutions } from "./rpc/list-executions.ts";
import { listSchemas } from "./rpc/list-schemas.ts";
import { listSources } from "./rpc/list-sources.ts";
import { listTableVersions } from "./rpc/list-table-versions.ts";
import { listTables } from "./rpc/list-tables.ts";
import { moveSource } from "./rpc/move-source.ts";
import { planChunks } from "./rpc/plan-chunks.ts";
import { planQuery } from "./rpc/plan-query.ts";
import { previewSource } from "./rpc/preview-source.ts";
import { previewTable } from "./rpc/preview-table.ts";
import { recordLineage } from "./rpc/record-lineage.ts";
import { refreshTable } from "./rpc/refresh-table.ts";
import { releaseCrash } from "./rpc/release-crash.ts";
import { renewSnapshot } from "./rpc/renew-snapshot.ts";
import { searchCatalog } from "./rpc/search-catalog.ts";
import { setDiscoverySchedule } from "./rpc/set-discovery-schedule.ts";
import { setNamespaceState } from "./rpc/set-namespace-state.ts";
import { streamQuery } from "./rpc/stream-query.ts";
import { testConnection } from "./rpc/test-connection.ts";
import { updateSource } from "./rpc/update-source.ts";
import { updateTable } from "./rpc/update-table.ts";

/** Services of the orchestration process, with authorisation and validation. */
export function orchestrationServices(deps: OrchestrationDeps): GuardedService[] {
  return [
    guard(ConnectorService, {
      listConnectors: listConnectors(deps),
      getConnector: getConnector(deps),
      testConnection: testConnection(deps),
    }),
    guard(FilePreviewService, { previewTable: previewTable(deps) }),
    guard(SourceService, {
      createSource: createSource(deps),
      getSource: getSource(deps),
      listSources: listSources(deps),
      previewSource: previewSource(deps),
      updateSource: updateSource(deps),
      moveSource: moveSource(deps),
      deleteSource: deleteSource(deps),
    }),
    guard(CatalogService, {
      discover: discover(deps),
      getTable: getTable(deps),
      listTables: listTables(deps),
      listSchemas: listSchemas(deps),
      listTableVersions: listTableVersions(deps),
      updateTable: updateTable(deps),
      refreshTable: refreshTable(deps),
      setDiscoverySchedule: setDiscoverySchedule(deps),
      getDiscoverySchedule: getDiscoverySchedule(deps),
      searchCatalog: searchCatalog(deps),
      getAiContext: getAiContext(deps),
    }),
    guard(ExecutionService, {
      executeQuery: executeQuery(deps),
      streamQuery: streamQuery(deps),
      planQuery: planQuery(deps),
      cancelExecution: cancelExecution(deps),
      getExecution: getExecution(deps),
      listExecutions: listExecutions(deps),
    }),
    guard(CrashService, {
      listCrashes: listCrashes(deps),
      releaseCrash: releaseCrash(deps),
    }),
    guard(StatusService, {
      getStatus: getStatus(deps),
    }),
    guard(LineageService, {
      getLineage: getLineage(deps),
      getUpstream: getUpstream(deps),
      getDownstream: getDownstream(deps),
      findEntities: findEntities(deps),
      getImpact: getImpact(deps),
      getEvent: getEvent(deps),
      listEvents: listEvents(deps),
      ingestEvent: ingestEvent(deps),
      ingestBatch: ingestBatch(deps),
      recordLineage: recordLineage(deps),
    }),
    guard(NamespaceContentService, { setNamespaceState: setNamespaceState(deps) }),
    guard(ExtractService, {
      planChunks: planChunks(deps),
      extractChunk: extractChunk(deps),
      renewSnapshot: renewSnapshot(deps),
      closeSnapshot: closeSnapshot(deps),
    }),
  ];
}
