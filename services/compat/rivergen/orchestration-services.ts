import { CatalogService } from "../../../gen/compat/rivergen/v1/catalog_pb.ts";
import { ConnectorService } from "../../../gen/compat/rivergen/v1/connectors_pb.ts";
import { ExecutionService } from "../../../gen/compat/rivergen/v1/execution_pb.ts";
import { HealthService } from "../../../gen/compat/rivergen/v1/health_pb.ts";
import { LineageService } from "../../../gen/compat/rivergen/v1/lineage_pb.ts";
import { type GuardedService, guard } from "../../lib/rpc/guard.ts";
import type { RivergenDeps } from "./deps.ts";
import { discover } from "./rpc/discover.ts";
import { executeQuery } from "./rpc/execute-query.ts";
import { getAiContext } from "./rpc/get-ai-context.ts";
import { getBanner } from "./rpc/get-banner.ts";
import { getConnector } from "./rpc/get-connector.ts";
import { getDownstream } from "./rpc/get-downstream.ts";
import { getHealth } from "./rpc/get-health.ts";
import { getLineage } from "./rpc/get-lineage.ts";
import { getTable } from "./rpc/get-table.ts";
import { getUpstream } from "./rpc/get-upstream.ts";
import { listConnectors } from "./rpc/list-connectors.ts";
import { listSchemas } from "./rpc/list-schemas.ts";
import { listTables } from "./rpc/list-tables.ts";
import { planQuery } from "./rpc/plan-query.ts";
import { refreshTable } from "./rpc/refresh-table.ts";
import { searchCatalog } from "./rpc/search-catalog.ts";
import { testConnection } from "./rpc/test-connection.ts";

/** What RiverGen has on its first port. */
export const orchestrationServices = (deps: RivergenDeps): GuardedService[] => [
  guard(HealthService, {
    getBanner: getBanner(),
    getHealth: getHealth(),
  }),
  guard(ExecutionService, {
    executeQuery: executeQuery(deps),
    planQuery: planQuery(deps),
  }),
  guard(ConnectorService, {
    listConnectors: listConnectors(deps),
    getConnector: getConnector(deps),
    testConnection: testConnection(deps),
  }),
  guard(CatalogService, {
    discover: discover(deps),
    listSchemas: listSchemas(deps),
    listTables: listTables(deps),
    getTable: getTable(deps),
    searchCatalog: searchCatalog(deps),
    refreshTable: refreshTable(deps),
    getAiContext: getAiContext(deps),
  }),
  guard(LineageService, {
    getLineage: getLineage(deps),
    getUpstream: getUpstream(deps),
    getDownstream: getDownstream(deps),
  }),
];
