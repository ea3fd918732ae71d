import { connectorSuite, type Order, orders, type SourceUnderTest } from "./connector-suite.ts";
import { send, startApiServer } from "./http/api-server.ts";
import { startOrchestration } from "./orchestration.ts";

/** An API with pages of 400 rows. */
async function openApi(): Promise<SourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  let rows: readonly (Order & { more?: number })[] = orders;
  const api = stack.use(
    await startApiServer(({ query }, response) => {
      const from = Number(query.offset);
      send(response, { data: rows.slice(from, from + 400) });
    }),
  );
  const mesh = stack.use(await startOrchestration());
  const owned = stack.move();
  const settings = { scheme: "http", host: "127.0.0.1", port: api.port, path: "/v1/orders" };
  return {
    mesh,
    user: mesh.user(),
    connector: "http-json",
    settings: { ...settings, rows: "/data", paging: "offset" },
    unreachable: { settings: { ...settings, host: "nothing.invalid" }, reason: "is not known" },
    schemaName: "",
    endless: "select count(*) from range(1000000000000) as a, range(1000000) as b",
    chunkRows: 600n,
    addRow: async () => {
      rows = [...rows, { id: 100_000, label: "later", amount: 1 }];
    },
    alter: async () => {
      rows = rows.map((row) => ({ ...row, more: 1 }));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

connectorSuite("http-json", openApi);
