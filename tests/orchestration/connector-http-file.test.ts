import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { send, startApiServer } from "./http/api-server.ts";
import { startOrchestration } from "./orchestration.ts";

async function openFile(): Promise<SourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  let lines = orders.map((order) => `${JSON.stringify(order)}\n`);
  const server = stack.use(await startApiServer((_, response) => send(response, lines.join(""))));
  const mesh = stack.use(await startOrchestration());
  const owned = stack.move();
  const settings = { scheme: "http", host: "127.0.0.1", port: server.port, path: "/exports/orders.ndjson" };
  return {
    mesh,
    user: mesh.user(),
    connector: "http-file",
    settings,
    unreachable: { settings: { ...settings, host: "nothing.invalid" }, reason: "is not known" },
    schemaName: "",
    endless: "select count(*) from range(1000000000000) as a, range(1000000) as b",
    chunkRows: 600n,
    addRow: async () => {
      lines.push('{"id": 100000, "label": "later", "amount": 1}\n');
    },
    alter: async () => {
      lines = lines.map((line) => line.replace("}", ', "more": 1}'));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

connectorSuite("http-file", openFile);
