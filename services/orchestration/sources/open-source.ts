import type { Connector, DataSource } from "../connectors/connector.ts";
import type { SourceRow } from "../source-repository.ts";

/** Opens the data source of a row with its connector. */
export function openSource(
  { connectors }: { readonly connectors: ReadonlyMap<string, Connector> },
  { connector, settings }: SourceRow,
): DataSource {
  const found = connectors.get(connector);
  if (!found) throw new Error(`a source has the unknown connector ${connector}`);
  return found.open(settings, "source.settings");
}
