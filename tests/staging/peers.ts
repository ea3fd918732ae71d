import { createHash, randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import type { LentFileSchema } from "../../gen/sluice/common/v1/lent_files_pb.ts";
import type { RowSecurity } from "../../gen/sluice/common/v1/row_security_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import {
  LineageService,
  type RecordLineageRequestSchema,
} from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { failure, notFound } from "../../services/lib/rpc/errors.ts";
import { guard, scopeOf } from "../../services/lib/rpc/guard.ts";
import { createVerifier, type Principal } from "../../services/lib/rpc/principal.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { uniqueNames } from "../../services/lib/values/unique-names.ts";
import { meshKeys } from "../lib/test-mesh.ts";

export type PeerTable = {
  tableId: string;
  schemaName: string;
  name: string;
  namespace?: string;
  columns: string[];
  rowCount: number;
  rowSecurity?: RowSecurity;
};

type Source = { orgId: string; sourceId: string; tables: PeerTable[] };
type Snapshot = { source: Source; state: string; tables: PeerTable[]; chunkRows: number };
type Chunk = { tableIndex: number; range: string };

/** Fake identity and orchestration at a real port, with data of the test. */
export type Peers = AsyncDisposable & {
  address: string;
  /** A source with tables of one column each, unless said otherwise. */
  addSource(who: Principal, ...tables: Partial<PeerTable>[]): Source;
  /** Seed of the source's bytes. A new value means other data. */
  state: string;
  repeatable: boolean;
  /** Roles that users have now; undefined when they are gone. */
  roles: string[] | undefined;
  /** Roles that users have now in single namespaces. */
  grants: NonNullable<Principal["grants"]>;
  /** Called before a chunk's bytes: lets a test hold, break or watch it. */
  beforeChunk: (chunk: Chunk) => Promise<void> | void;
  /** Called after half of a chunk's bytes. */
  amidChunk: (chunk: Chunk) => Promise<void> | void;
  /** Lends a chunk's bytes; undefined means that they are streamed. */
  lend: (bytes: Buffer) => Promise<MessageInitShape<typeof LentFileSchema> | undefined>;
  beforePlan: () => Promise<void> | void;
  /** Ranges whose stream ends without its last message. */
  truncated: Set<string>;
  /** Requests in order: `plan`, `chunk 0:0`, `close`. */
  asked: string[];
  snapshots: Map<string, Snapshot>;
  /** Secrets of every organisation, by name. */
  secrets: Map<string, string>;
  lineage: MessageInitShape<typeof RecordLineageRequestSchema>[];
  recordLineage: () => void;
};

/** Bytes of one chunk of a source. */
export const bytesOf = (state: string, { name }: PeerTable, range: string): Buffer =>
  Buffer.from(`${state} ${name} ${range}\n`.repeat(10_000));

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const snapshotGone = (snapshotId: string) =>
  failure(Code.FailedPrecondition, ErrorReason.SNAPSHOT_GONE, `snapshot ${snapshotId} is gone`);

export async function startPeers(): Promise<Peers> {
  const sources = new Map<string, Source>();
  const state: Omit<Peers, "address" | "addSource" | keyof AsyncDisposable> = {
    state: "first",
    repeatable: false,
    roles: ["editor"],
    grants: [],
    beforeChunk: () => {},
    amidChunk: () => {},
    lend: async () => undefined,
    beforePlan: () => {},
    truncated: new Set(),
    asked: [],
    snapshots: new Map(),
    secrets: new Map(),
    lineage: [],
    recordLineage: () => {},
  };
  const peers = state as Peers;
  const server = await startGrpcServer({
    listen: "127.0.0.1:0",
    services: [
      policies(peers),
      sourceService(sources),
      catalog(sources),
      extracts(peers, sources),
      lineage(peers),
    ],
    verifier: createVerifier(meshKeys.publicKeys),
    log: createLog("peers", { logLevel: "silent" }),
  });
  return Object.assign(peers, {
    address: server.address,
    addSource({ orgId }: Principal, ...tables: Partial<PeerTable>[]) {
      const complete = (table: Partial<PeerTable>) => ({
        tableId: randomUUID(),
        schemaName: "public",
        name: "orders",
        columns: ["id"],
        rowCount: 3_000,
        ...table,
      });
      const source = { orgId, sourceId: randomUUID(), tables: tables.map(complete) };
      sources.set(source.sourceId, source);
      return source;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

const policies = (peers: Peers) =>
  guard(PolicyService, {
    verifyCredential: unused,
    resolveDelegate: unused,
    bindSecrets: unused,
    checkNamespace: () => ({}),
    listUnboundOrgs: unused,
    resolveSecret({ name }) {
      const value = peers.secrets.get(name);
      if (value === undefined) throw notFound("secret", name);
      return { value };
    },
    getPrincipal({ userId }) {
      if (!peers.roles) throw notFound("user", userId);
      return {
        roles: peers.roles,
        grants: peers.grants.map((grant) => ({ ...grant, roles: [...grant.roles] })),
      };
    },
  });

function sourceService(sources: Map<string, Source>) {
  return guard(SourceService, {
    createSource: unused,
    previewSource: unused,
    listSources: unused,
    updateSource: unused,
    moveSource: unused,
    deleteSource: unused,
    getSource({ sourceId }, context) {
      if (sources.get(sourceId)?.orgId !== scopeOf(context).orgId) throw notFound("source", sourceId);
      return { source: { sourceId, namespace: "default" } };
    },
  });
}

function catalog(sources: Map<string, Source>) {
  return guard(CatalogService, {
    discover: unused,
    getTable: unused,
    listSchemas: unused,
    listTableVersions: unused,
    updateTable: unused,
    refreshTable: unused,
    setDiscoverySchedule: unused,
    getDiscoverySchedule: unused,
    searchCatalog: unused,
    getAiContext: unused,
    // One table per page, so that callers have to read all pages.
    listTables({ sourceId, pageToken }, context) {
      const source = sources.get(sourceId);
      if (!source || source.orgId !== scopeOf(context).orgId) return { tables: [] };
      const at = Number(pageToken);
      const tables = source.tables.slice(at, at + 1).map(({ columns, rowCount, ...table }) => ({
        ...table,
        sourceId,
        columns: columns.map((name) => ({ name, dataType: "bigint", nullable: true })),
        rowCount: BigInt(rowCount),
      }));
      return { tables, nextPageToken: at + 1 < source.tables.length ? String(at + 1) : "" };
    },
  });
}

function extracts(peers: Peers, sources: Map<string, Source>) {
  const find = (snapshotId: string) => {
    const snapshot = peers.snapshots.get(snapshotId);
    if (!snapshot) throw snapshotGone(snapshotId);
    return snapshot;
  };
  return guard(ExtractService, {
    async planChunks({ sourceId, tables, chunkRows }, context) {
      peers.asked.push("plan");
      await peers.beforePlan();
      const source = sources.get(sourceId);
      if (!source || source.orgId !== scopeOf(context).orgId) throw notFound("source", sourceId);
      const chosen = tables.map(({ tableId, columns }) => {
        const table = source.tables.find((candidate) => candidate.tableId === tableId);
        if (!table) throw notFound("table", tableId);
        return columns.length > 0 ? { ...table, columns } : table;
      });
      const snapshotId = randomUUID();
      peers.snapshots.set(snapshotId, {
        source,
        state: peers.state,
        tables: chosen,
        chunkRows: Number(chunkRows),
      });
      return {
        snapshotId,
        snapshot: peers.state,
        repeatable: peers.repeatable,
        snapshotTime: { seconds: 1_790_000_000n },
        tables: chosen.map(({ columns, rowCount: _, ...table }) => ({
          ...table,
          columns: columns.map((sourceName, at) => ({
            name: uniqueNames(columns)[at] ?? "",
            sourceName,
            sourceType: "bigint",
            dataType: "BIGINT",
            nullable: true,
          })),
        })),
        chunks: chosen.flatMap(({ rowCount }, tableIndex) =>
          Array.from({ length: Math.max(1, Math.ceil(rowCount / Number(chunkRows))) }, (_, at) => ({
            tableIndex,
            range: String(at),
            rowCountExpected: BigInt(Math.min(rowCount, Number(chunkRows))),
          })),
        ),
      };
    },
    async *extractChunk({ snapshotId, tableIndex, range, mayLend }) {
      const { state, tables, chunkRows } = find(snapshotId);
      const table = tables[tableIndex] as PeerTable;
      peers.asked.push(`chunk ${tableIndex}:${range}`);
      await peers.beforeChunk({ tableIndex, range });
      const bytes = bytesOf(state, table, range);
      const lent = mayLend ? await peers.lend(bytes) : undefined;
      if (lent) yield { part: { case: "file", value: lent } };
      else {
        const half = bytes.length >> 1;
        yield { part: { case: "chunk", value: bytes.subarray(0, half) } };
        await peers.amidChunk({ tableIndex, range });
        find(snapshotId);
        yield { part: { case: "chunk", value: bytes.subarray(half) } };
      }
      if (peers.truncated.has(range)) return;
      const rows = Math.min(chunkRows, table.rowCount - Number(range) * chunkRows);
      const columns = table.columns.map((name) => ({ name, nullCount: 0n, min: "1", max: range }));
      yield { part: { case: "summary", value: { rowCount: BigInt(rows), columns } } };
    },
    renewSnapshot({ snapshotId }) {
      find(snapshotId);
      return {};
    },
    closeSnapshot({ snapshotId }, context) {
      scopeOf(context);
      peers.asked.push("close");
      peers.snapshots.delete(snapshotId);
      return {};
    },
  });
}

const lineage = (peers: Peers) =>
  guard(LineageService, {
    getLineage: unused,
    getUpstream: unused,
    getDownstream: unused,
    findEntities: unused,
    getImpact: unused,
    getEvent: unused,
    listEvents: unused,
    ingestEvent: unused,
    ingestBatch: unused,
    recordLineage({ $typeName: _, ...record }, context) {
      scopeOf(context);
      peers.recordLineage();
      peers.lineage.push(record);
      return {};
    },
  });

function unused(): never {
  throw failure(Code.Unimplemented, ErrorReason.UPSTREAM_UNAVAILABLE, "not of these tests");
}
