import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DescService, type JsonObject, toJson } from "@bufbuild/protobuf";
import { ListValueSchema } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError } from "@connectrpc/connect";
import { expect } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CatalogService, type Table } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ConnectorService } from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { CrashService } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { StatusService } from "../../gen/sluice/orchestration/v1/status_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { type OrchestrationConfig, parseConfig } from "../../services/orchestration/config.ts";
import { run } from "../../services/orchestration/run.ts";
import { shareCompileCache } from "../lib/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, principal, startService, temporaryFolder } from "../lib/test-mesh.ts";
import { type Peers, startPeers } from "./peers.ts";

export type Orchestration = AsyncDisposable & {
  database: TestDatabase;
  peers: Peers;
  /** The process's data folder. */
  folder: string;
  config: OrchestrationConfig;
  /** Creates a user of a new organisation, or of the one given, with a client of each service. */
  user(overrides?: Partial<Principal>): User;
  /** A client that calls on a user's behalf, as another process of the mesh does. */
  as<S extends DescService>(process: string, service: S, who: Principal): Client<S>;
  stop(): Promise<void>;
};

export type User = {
  who: Principal;
  connectors: Client<typeof ConnectorService>;
  sources: Client<typeof SourceService>;
  catalog: Client<typeof CatalogService>;
  executions: Client<typeof ExecutionService>;
  crashes: Client<typeof CrashService>;
  status: Client<typeof StatusService>;
  lineage: Client<typeof LineageService>;
  /** Calls as staging does, on the user's behalf. */
  extracts: Client<typeof ExtractService>;
};

/** Settings of a process that may reach sources on this machine. */
export function configOf(
  options: { databaseUrl: string; folder: string; peers: Peers },
  env: Record<string, string> = {},
): OrchestrationConfig {
  return parseConfig({
    LOG_LEVEL: "silent",
    GRPC_LISTEN: "127.0.0.1:0",
    database_url: options.databaseUrl,
    mesh_private_key: meshKeys.privateKeys.orchestration,
    mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
    ORCHESTRATION_DIR: options.folder,
    IDENTITY_ADDRESS: options.peers.address,
    STORAGE_ADDRESS: options.peers.address,
    SOURCE_ADDRESS_ALLOW: "127.0.0.0/8, ::1/128",
    // Otherwise tests that compute keep the engines of others from a processor until their time limits.
    ENGINE_NICENESS: "3",
    ...env,
  });
}

/** Starts the orchestration service as main.ts does, with the tests' peers. */
export async function startOrchestration(env: Record<string, string> = {}): Promise<Orchestration> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder()).path;
  const peers = stack.use(await startPeers());
  shareCompileCache(folder);
  const config = configOf({ databaseUrl: database.urls.orchestration, folder, peers }, env);
  const service = stack.use(await startService(run, config));
  const owned = stack.move();
  return {
    database,
    peers,
    folder,
    config,
    stop: () => service.stop(),
    as: (process, described, who) => service.client(described, who, process),
    user(overrides) {
      const who = principal(overrides);
      const client = <S extends DescService>(described: S) => service.client(described, who);
      return {
        who,
        connectors: client(ConnectorService),
        sources: client(SourceService),
        catalog: client(CatalogService),
        executions: client(ExecutionService),
        crashes: client(CrashService),
        status: client(StatusService),
        lineage: client(LineageService),
        extracts: service.client(ExtractService, who, "staging"),
      };
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

const dataSets = join(import.meta.dirname, "../../node_modules/vega-datasets/data");

/** Reads a file of the public data sets. */
export const dataSet = (name: string): Promise<Buffer> => readFile(join(dataSets, name));

const eventuallyMs = 20_000;

/** Polls until the value matches. The long timeout is for busy machines. */
export const eventually = <T>(read: () => T, timeout = eventuallyMs) => expect.poll(read, { timeout });

/** Registers a source. Returns its id. */
export async function createSource(user: User, connector: string, settings: JsonObject): Promise<string> {
  const displayName = `${connector} ${crypto.randomUUID()}`;
  const { source } = await user.sources.createSource({ source: { displayName, connector, settings } });
  return source?.sourceId ?? "";
}

/** A source on a new file. */
export function createFileSource(
  { peers }: Orchestration,
  user: User,
  name: string,
  content: Buffer | string,
  settings: JsonObject = {},
): Promise<string> {
  return createSource(user, "file", { fileId: peers.addFile(user.who, name, content), ...settings });
}

/** Creates and discovers a source on a new file. Returns its id and its table. */
export async function discoverTable(mesh: Orchestration, user: User, name: string) {
  const sourceId = await createFileSource(mesh, user, `${name}.csv`, "a\n1\n");
  const { added } = await user.catalog.discover({ sourceId });
  return { sourceId, table: added[0] };
}

/** Error of a failed call: code, reason of its ErrorInfo, invalid fields, message. */
export async function failureOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return {
      code: error.code,
      reason: error.findDetails(ErrorInfoSchema)[0]?.reason,
      fields: error
        .findDetails(BadRequestSchema)
        .flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field)),
      message: error.rawMessage,
    };
  }
  throw new Error("the call did not fail");
}

/** Runs a statement. Returns its result with the rows as JSON. */
export async function query(user: User, sourceId: string, sql: string, options: { maxRows?: number } = {}) {
  const { columns, rows, truncated } = await user.executions.executeQuery({ sourceId, sql, ...options });
  return {
    columns: columns.map(({ name, dataType }) => `${name} ${dataType}`),
    rows: rows.map((row) => toJson(ListValueSchema, row)),
    truncated,
  };
}

/** A table in the response of a discovery or a list. */
export const columnsOf = ({ columns }: Table) =>
  columns.map(({ name, dataType, nullable }) => `${name} ${dataType}${nullable ? "" : " not null"}`);
