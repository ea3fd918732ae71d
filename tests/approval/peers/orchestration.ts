import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { CatalogService, type TableSchema } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ConnectorService } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import {
  LineageService,
  type RecordLineageRequest,
} from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { notFound } from "../../../services/lib/rpc/errors.ts";
import { scopeOf } from "../../../services/lib/rpc/guard.ts";
import type { Principal } from "../../../services/lib/rpc/principal.ts";
import { guardPart, type Steps } from "./steps.ts";

type TableInit = MessageInitShape<typeof TableSchema>;

export type OrchestrationPeer = {
  /** Registers a source of a user's organisation. Returns its id. */
  addSource(who: Principal, tables: TableInit[], namespace?: string): string;
  removeSource(sourceId: string): void;
  /** Response of connection tests. */
  connection: { connected: boolean; reason: string };
  /** The last record of each job, and how often it was recorded. */
  lineage: Map<string, { record: RecordLineageRequest; times: number }>;
};

/** A table of a catalog. */
export const catalogTable = (name: string, columns: string[], schemaName = ""): TableInit => ({
  tableId: randomUUID(),
  schemaName,
  name,
  columns: columns.map((column) => ({ name: column, dataType: "BIGINT", nullable: column !== "id" })),
  rowCount: 20n,
});

/** Fake orchestration: sources, catalog and lineage of the test. */
export function orchestrationPeer(steps: Steps) {
  const sources = new Map<string, { orgId: string; tables: TableInit[]; namespace: string }>();
  const peer: OrchestrationPeer = {
    addSource({ orgId }, tables, namespace = "default") {
      const sourceId = randomUUID();
      sources.set(sourceId, { orgId, tables, namespace });
      return sourceId;
    },
    removeSource: (sourceId) => void sources.delete(sourceId),
    connection: { connected: true, reason: "" },
    lineage: new Map(),
  };
  const services = [
    guardPart(SourceService, {
      getSource: ({ sourceId }, context) =>
        steps.take("getSource", () => {
          const source = sources.get(sourceId);
          if (source?.orgId !== scopeOf(context).orgId) throw notFound("source", sourceId);
          return { source: { sourceId, connector: "file", settings: {}, namespace: source.namespace } };
        }),
    }),
    guardPart(ConnectorService, {
      testConnection: () => steps.take("testConnection", () => peer.connection),
    }),
    guardPart(CatalogService, {
      // One table per page, so that callers have to read all pages.
      listTables: ({ sourceId, pageToken }) =>
        steps.take("listTables", () => {
          const tables = sources.get(sourceId)?.tables ?? [];
          const next = Number(pageToken) + 1;
          return {
            tables: tables.slice(next - 1, next),
            nextPageToken: next < tables.length ? String(next) : "",
          };
        }),
    }),
    guardPart(LineageService, {
      recordLineage: (record) =>
        steps.take("recordLineage", () => {
          const jobId = record.job?.entityId ?? "";
          const times = (peer.lineage.get(jobId)?.times ?? 0) + 1;
          peer.lineage.set(jobId, { record, times });
          return {};
        }),
    }),
  ];
  return { peer, services };
}
