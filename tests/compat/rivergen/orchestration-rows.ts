import { expect } from "vitest";
import {
  absent,
  as,
  asAnn,
  invalid,
  lacking,
  missing,
  notUuid,
  ok,
  pagination,
  problem,
  type Row,
  type Scene,
  time,
  unauthenticated,
  uuid,
} from "./row.ts";

const column = (name: string, dataType: string) => ({
  column_name: name,
  data_type: dataType,
  is_nullable: true,
  description: null,
});
const table = ({ tableId, sourceId }: Scene) => ({
  table_id: tableId,
  data_source_id: sourceId,
  schema_name: "",
  table_name: "cities",
  columns: [column("id", "BIGINT"), column("city", "VARCHAR")],
  row_count: 30,
  description: null,
  tags: [],
  owner: null,
  primary_key: [],
  created_at: time,
  updated_at: time,
});
const connector = expect.objectContaining({
  type: "file",
  description: expect.any(String),
  settings_schema: expect.objectContaining({ type: "object" }),
  capabilities: { discover: true, query: true, many_tables: false, native_sql: false, tls: false },
});

const health: Row[] = [
  [
    "GET /",
    "OK: the API says what it is",
    as(
      "nobody",
      {},
      200,
      ok({ service: "RiverGen", provider: "Sluice" }, "RiverGen's API, as Sluice serves it"),
    ),
  ],
  [
    "GET /health",
    "OK: it runs",
    as("nobody", {}, 200, ok({ status: "healthy", service: "RiverGen" }, "Service is healthy")),
  ],
  [
    "POST /health",
    "Unimplemented: another method",
    as("nobody", {}, 405, problem("METHOD_NOT_ALLOWED", "the methods of this path are GET, HEAD, OPTIONS")),
  ],
  [
    "GET /api/v1/nothing",
    "NotFound: an unknown path",
    as(
      "nobody",
      {},
      404,
      problem("RESOURCE_NOT_FOUND", "there is nothing at this path", { reason: "METHOD_UNKNOWN" }),
    ),
  ],
  [
    "GET /api/v1/catalog/tables",
    "Unauthenticated: a credential that is none",
    as(
      "nobody",
      { headers: { authorization: "Bearer nonsense" } },
      401,
      problem("AUTH_INVALID", "the credential is unknown, malformed, expired or revoked", {
        reason: "CREDENTIAL_INVALID",
      }),
    ),
  ],
  [
    "GET /api/v1/catalog/tables",
    "Unauthenticated: headers that name a user, without a credential",
    as("nobody", { headers: { "x-org-id": absent, "x-user-id": absent } }, 401, unauthenticated),
  ],
];

const executions: Row[] = [
  [
    "POST /api/v1/execute",
    "OK: the rows of a statement, in which what a double can't hold is text",
    (scene) => ({
      sent: {
        headers: scene.ann,
        json: { data_source_id: scene.sourceId, query: "select * from cities order by id", max_rows: 1 },
      },
      status: 200,
      body: ok(
        {
          execution_id: uuid,
          columns: [
            { name: "id", data_type: "BIGINT" },
            { name: "city", data_type: "VARCHAR" },
          ],
          rows: [["0", "Delft"]],
          row_count: 1,
          truncated: true,
          from_cache: false,
        },
        "Query executed successfully",
      ),
    }),
  ],
  [
    "POST /api/v1/execute",
    "InvalidArgument: SQL that is none",
    (scene) => ({
      sent: { headers: scene.ann, json: { data_source_id: scene.sourceId, query: "selekt" } },
      status: 400,
      body: problem("VALIDATION_ERROR", expect.any(String), { reason: "SQL_INVALID" }),
    }),
  ],
  [
    "POST /api/v1/execute",
    "FailedPrecondition: a statement that writes",
    (scene) => ({
      sent: { headers: scene.ann, json: { data_source_id: scene.sourceId, query: "drop table cities" } },
      status: 400,
      body: problem("VALIDATION_ERROR", expect.any(String), { reason: "STATEMENT_REFUSED" }),
    }),
  ],
  [
    "POST /api/v1/execute",
    "InvalidArgument: credentials with the request",
    asAnn(
      { json: { data_source_id: absent, query: "select 1", user_context: {} } },
      400,
      problem("VALIDATION_ERROR", expect.stringContaining("user_context"), {
        field: "user_context",
        reason: expect.any(String),
      }),
    ),
  ],
  [
    "POST /api/v1/execute",
    "InvalidArgument: too many rows",
    asAnn(
      { json: { data_source_id: absent, query: "select 1", max_rows: 10_001 } },
      400,
      invalid("max_rows", "must be greater than or equal to 0 and less than or equal to 10000"),
    ),
  ],
  [
    "POST /api/v1/execute",
    "NotFound: an unknown data source",
    asAnn({ json: { data_source_id: absent, query: "select 1" } }, 404, missing("source", absent)),
  ],
  ["POST /api/v1/execute", "Unauthenticated: nobody", as("nobody", { json: {} }, 401, unauthenticated)],
  [
    "POST /api/v1/execute/plan",
    "OK: what a statement of one data source reads",
    (scene) => ({
      sent: { headers: scene.ann, json: { data_source_id: scene.sourceId, query: "select 1" } },
      status: 200,
      body: ok(
        expect.objectContaining({ engine: expect.stringMatching(/^(source|duckdb)$/) }),
        "Query planned successfully",
      ),
    }),
  ],
  [
    "POST /api/v1/execute/plan",
    "InvalidArgument: no statement",
    asAnn({ json: {} }, 400, invalid("query", "must be at least 1 characters")),
  ],
  [
    "POST /api/v1/execute/plan",
    "NotFound: an unknown data source",
    asAnn({ json: { data_source_id: absent, query: "select 1" } }, 404, missing("source", absent)),
  ],
  ["POST /api/v1/execute/plan", "Unauthenticated: nobody", as("nobody", { json: {} }, 401, unauthenticated)],
];

const connectors: Row[] = [
  [
    "GET /api/v1/connectors",
    "OK: every connector",
    as(
      "viewer",
      {},
      200,
      ok({ items: expect.arrayContaining([connector]) }, "Connectors retrieved successfully"),
    ),
  ],
  [
    "GET /api/v1/connectors/file",
    "OK: one of them",
    as("viewer", {}, 200, ok(connector, "Connector retrieved successfully")),
  ],
  [
    "GET /api/v1/connectors/nothing",
    "NotFound: an unknown one",
    asAnn({}, 404, missing("connector", "nothing")),
  ],
  [
    "POST /api/v1/connectors/test",
    "OK: a data source that answers",
    (scene) => ({
      sent: {
        headers: scene.ann,
        json: { connector_type: "file", settings: { fileId: scene.fileId } },
      },
      status: 200,
      body: ok(
        {
          connection_successful: true,
          status: "active",
          response_time_ms: expect.any(Number),
          database_version: null,
          error_message: null,
          error_code: null,
        },
        "Connection test succeeded",
      ),
    }),
  ],
  [
    "POST /api/v1/connectors/test",
    "OK: one that does not is 200, too",
    asAnn(
      { json: { connector_type: "file", settings: { fileId: absent } } },
      200,
      ok(
        {
          connection_successful: false,
          status: "failed",
          response_time_ms: null,
          database_version: null,
          error_message: expect.any(String),
          error_code: "CONNECTION_ERROR",
        },
        "Connection test failed",
      ),
    ),
  ],
  [
    "POST /api/v1/connectors/test",
    "InvalidArgument: settings that the connector does not have",
    asAnn(
      { json: { connector_type: "file", settings: { fileId: absent, colour: "red" } } },
      400,
      problem("VALIDATION_ERROR", expect.stringContaining("colour"), {
        field: expect.any(String),
        reason: expect.any(String),
      }),
    ),
  ],
  [
    "POST /api/v1/connectors/test",
    "InvalidArgument: no settings",
    asAnn({ json: { connector_type: "file" } }, 400, invalid("settings", "value is required")),
  ],
  [
    "POST /api/v1/connectors/test",
    "PermissionDenied: a viewer",
    as("viewer", { json: { connector_type: "file", settings: {} } }, 403, lacking("sources.write")),
  ],
];

const catalog: Row[] = [
  [
    "POST /api/v1/catalog/discover",
    "OK: what a data source has",
    (scene) => ({
      sent: { headers: scene.ann, json: { data_source_id: scene.sourceId } },
      status: 200,
      body: ok(
        {
          data_source_id: scene.sourceId,
          schemas_discovered: [{ schema_name: "", tables_count: 1, views_count: null }],
          total_tables: 1,
          total_columns: 2,
          discovered_at: time,
          discovery_duration_ms: expect.any(Number),
        },
        "Schema discovery completed successfully",
      ),
    }),
  ],
  [
    "POST /api/v1/catalog/discover",
    "NotFound: an unknown data source",
    asAnn({ json: { data_source_id: absent } }, 404, missing("source", absent)),
  ],
  [
    "POST /api/v1/catalog/discover",
    "InvalidArgument: no id",
    asAnn({ json: { data_source_id: "x" } }, 400, notUuid("data_source_id")),
  ],
  [
    "POST /api/v1/catalog/discover",
    "PermissionDenied: a viewer",
    as("viewer", { json: { data_source_id: absent } }, 403, lacking("catalog.write")),
  ],
  [
    "GET /api/v1/catalog/schemas",
    "OK: the schemas",
    as("viewer", {}, 200, ({ sourceId }: Scene) =>
      ok(
        {
          items: [
            {
              schema_id: uuid,
              data_source_id: sourceId,
              schema_name: "",
              tables_count: 1,
              created_at: time,
              updated_at: time,
            },
          ],
          pagination: pagination(1),
        },
        "Schemas retrieved successfully",
      ),
    ),
  ],
  [
    `GET /api/v1/catalog/schemas?data_source_id=${absent}`,
    "OK: those of a data source that has none",
    asAnn({}, 200, ok({ items: [], pagination: pagination(0) }, "Schemas retrieved successfully")),
  ],
  [
    "GET /api/v1/catalog/tables?data_source_id={sourceId}&page=1&page_size=5",
    "OK: the tables of a data source",
    as("viewer", {}, 200, (scene: Scene) =>
      ok(
        { items: [table(scene)], pagination: pagination(1, { page_size: 5 }) },
        "Tables retrieved successfully",
      ),
    ),
  ],
  [
    "GET /api/v1/catalog/tables?page=2&page_size=1",
    "OK: a page after the last one",
    asAnn(
      {},
      200,
      ok(
        { items: [], pagination: pagination(1, { page: 2, page_size: 1, has_previous: true }) },
        "Tables retrieved successfully",
      ),
    ),
  ],
  ...["0", "101", "-1"].map(
    (size): Row => [
      `GET /api/v1/catalog/tables?page_size=${size}`,
      "InvalidArgument: no size of a page",
      asAnn(
        {},
        400,
        invalid("page_size", "must be greater than or equal to 1 and less than or equal to 100"),
      ),
    ],
  ),
  [
    "GET /api/v1/catalog/tables?page=0",
    "InvalidArgument: no page",
    asAnn({}, 400, invalid("page", "must be greater than or equal to 1 and less than or equal to 100000")),
  ],
  [
    "GET /api/v1/catalog/tables?limit=5",
    "InvalidArgument: a parameter that the API does not have",
    asAnn(
      {},
      400,
      problem("VALIDATION_ERROR", expect.stringMatching(/^limit: /), {
        field: "limit",
        reason: expect.any(String),
      }),
    ),
  ],
  [
    "GET /api/v1/catalog/tables/{tableId}",
    "OK: one table",
    as("viewer", {}, 200, (scene: Scene) => ok(table(scene), "Table retrieved successfully")),
  ],
  [
    `GET /api/v1/catalog/tables/${absent}`,
    "NotFound: an unknown one",
    asAnn({}, 404, missing("table", absent)),
  ],
  ["GET /api/v1/catalog/tables/x", "InvalidArgument: no id", asAnn({}, 400, notUuid("table_id"))],
  [
    "POST /api/v1/catalog/search",
    "OK: tables by their words",
    as("viewer", { json: { query: "cities" } }, 200, (scene: Scene) =>
      ok(
        { items: [{ table: table(scene), matched_columns: [] }], pagination: pagination(1) },
        "Search completed successfully",
      ),
    ),
  ],
  [
    "POST /api/v1/catalog/search",
    "OK: nothing",
    asAnn(
      { json: { query: "volcanoes", page: 1 } },
      200,
      ok({ items: [], pagination: pagination(0) }, "Search completed successfully"),
    ),
  ],
  [
    "POST /api/v1/catalog/search",
    "InvalidArgument: no words",
    asAnn({ json: {} }, 400, invalid("query", "must be at least 1 characters")),
  ],
  [
    "POST /api/v1/catalog/refresh",
    "OK: a table that has not changed",
    (scene) => ({
      sent: { headers: scene.ann, json: { table_id: scene.tableId } },
      status: 200,
      body: ok({ table: table(scene), changed: false }, "Table refreshed successfully"),
    }),
  ],
  [
    "POST /api/v1/catalog/refresh",
    "NotFound: an unknown table",
    asAnn({ json: { table_id: absent } }, 404, missing("table", absent)),
  ],
  [
    "POST /api/v1/catalog/ai-context",
    "OK: the tables that a question needs",
    (scene) => ({
      sent: { headers: scene.ann, json: { query: "cities", max_tables: 1 } },
      status: 200,
      body: ok(
        {
          context: expect.stringContaining("cities"),
          token_count: expect.any(Number),
          tables: [
            {
              table_id: scene.tableId,
              data_source_id: scene.sourceId,
              schema_name: "",
              table_name: "cities",
            },
          ],
          omitted: expect.any(Array),
        },
        "Context retrieved successfully",
      ),
    }),
  ],
  [
    "POST /api/v1/catalog/ai-context",
    "InvalidArgument: too few tokens",
    asAnn(
      { json: { query: "cities", max_tokens: 10 } },
      400,
      invalid("max_tokens", "must be greater than or equal to 200 and less than or equal to 100000"),
    ),
  ],
  [
    "POST /api/v1/catalog/ai-context",
    "Unauthenticated: nobody",
    as("nobody", { json: {} }, 401, unauthenticated),
  ],
];

const node = (entityId: unknown, type: string, name: unknown) => ({
  entity_id: entityId,
  entity_type: type,
  namespace: expect.any(String),
  name,
  created_at: time,
});
const graph = (scene: Scene, message: string) =>
  ok(
    {
      entity_id: scene.tableId,
      nodes: expect.arrayContaining([
        node(scene.tableId, "table", "cities"),
        node(scene.jobId, "job", `staging job ${scene.jobId}`),
        node(uuid, "dataset", "cities"),
      ]),
      edges: expect.arrayContaining([
        {
          source_id: scene.tableId,
          target_id: scene.jobId,
          columns: expect.arrayContaining([
            {
              source_entity_id: scene.tableId,
              source_column: "id",
              target_column: "id",
              transformation: "IDENTITY",
              indirect: false,
            },
          ]),
        },
      ]),
      truncated: false,
    },
    message,
  );

const lineage: Row[] = [
  [
    "GET /api/v1/lineage/{tableId}",
    "OK: both directions",
    as("viewer", {}, 200, (scene: Scene) => graph(scene, "Lineage retrieved successfully")),
  ],
  [
    "GET /api/v1/lineage/{tableId}/downstream?depth=3&column=id",
    "OK: what follows from a column",
    as("viewer", {}, 200, (scene: Scene) =>
      ok(
        {
          entity_id: scene.tableId,
          nodes: expect.any(Array),
          edges: expect.any(Array),
          truncated: false,
        },
        "Downstream lineage retrieved successfully",
      ),
    ),
  ],
  [
    "GET /api/v1/lineage/{tableId}/downstream",
    "OK: what follows",
    as("viewer", {}, 200, (scene: Scene) => graph(scene, "Downstream lineage retrieved successfully")),
  ],
  [
    "GET /api/v1/lineage/{tableId}/upstream",
    "OK: what leads there",
    as("viewer", {}, 200, (scene: Scene) =>
      ok(
        {
          entity_id: scene.tableId,
          nodes: [node(scene.tableId, "table", "cities")],
          edges: [],
          truncated: false,
        },
        "Upstream lineage retrieved successfully",
      ),
    ),
  ],
  ...["", "/upstream", "/downstream"].flatMap((direction): Row[] => [
    [
      `GET /api/v1/lineage/${absent}${direction}`,
      "NotFound: an unknown entity",
      asAnn({}, 404, missing("entity", absent)),
    ],
    [`GET /api/v1/lineage/x${direction}`, "InvalidArgument: no id", asAnn({}, 400, notUuid("entity_id"))],
    [
      `GET /api/v1/lineage/${absent}${direction}?depth=101`,
      "InvalidArgument: too deep",
      asAnn({}, 400, invalid("depth", "must be greater than or equal to 0 and less than or equal to 100")),
    ],
  ]),
];

export const orchestrationRows: readonly Row[] = [
  ...health,
  ...executions,
  ...connectors,
  ...catalog,
  ...lineage,
];
