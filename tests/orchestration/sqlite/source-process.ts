import { createRowSources } from "../../../services/orchestration/connectors/row-sources.ts";
import { serveSource } from "../../../services/orchestration/connectors/serve-source.ts";
import { sqliteName } from "./sqlite-connector.ts";
import { createSqliteRows } from "./sqlite-rows.ts";

serveSource(new Map([...createRowSources(), [sqliteName, createSqliteRows()]]));
