import {
  connectorDefinitions,
  createRowSources,
} from "../../../services/orchestration/connectors/registry.ts";
import { serveSource } from "../../../services/orchestration/connectors/serve-source.ts";
import { sqliteDefinition } from "./sqlite-connector.ts";

serveSource(await createRowSources([...connectorDefinitions, sqliteDefinition]));
