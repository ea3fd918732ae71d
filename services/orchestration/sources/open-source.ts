import type { Connector, DataSource } from "../connectors/connector.ts";
import type { SourceRow } from "../source-repository.ts";

/** The data source that a row stands for. */
export function openSource(
  { connectors }: { readonly connectors: ReadonlyMap<string, Connector> },
  { connector, settings }: SourceRow,
): DataSource {
  const found = connectors.get(connector);
  if (!found) throw new Error(`a source has the connector ${connector}, which there is not`);
  return found.open(settings, "source.settings");
}
