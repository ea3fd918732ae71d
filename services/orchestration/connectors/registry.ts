import type { Connector } from "./connector.ts";
import type { ConnectorDefinition, ConnectorDeps } from "./definition.ts";
import { fileDefinition } from "./file/definition.ts";
import { httpFileDefinition } from "./http-file/definition.ts";
import { httpJsonDefinition } from "./http-json/definition.ts";
import { mysqlDefinition } from "./mysql/definition.ts";
import { postgresqlDefinition } from "./postgresql/definition.ts";
import type { RowSources } from "./sql/row-source.ts";
import { sqliteDefinition } from "./sqlite/definition.ts";

/**
 * All connectors, sorted by name.
 * @internal Exported for the test of their pages.
 */
export const connectorDefinitions: readonly ConnectorDefinition[] = [
  fileDefinition,
  httpFileDefinition,
  httpJsonDefinition,
  mysqlDefinition,
  postgresqlDefinition,
  sqliteDefinition,
];

/** Creates the connectors of a service, by name. */
export async function createConnectors(deps: ConnectorDeps): Promise<ReadonlyMap<string, Connector>> {
  const connectors = connectorDefinitions.map(async ({ createOpen, createRows, ...description }) => ({
    ...description,
    open: await createOpen(deps),
  }));
  return new Map((await Promise.all(connectors)).map((connector) => [connector.name, connector]));
}

/** Creates the row sources of a source's process, by the name of their connector. */
export async function createRowSources(): Promise<RowSources> {
  const sources = connectorDefinitions.flatMap(({ name, createRows }) =>
    createRows ? [{ name, createRows }] : [],
  );
  return new Map(
    await Promise.all(sources.map(async ({ name, createRows }) => [name, await createRows()] as const)),
  );
}
