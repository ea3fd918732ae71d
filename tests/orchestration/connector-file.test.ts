import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { startOrchestration } from "./orchestration.ts";

async function openFile(): Promise<SourceUnderTest> {
  const mesh = await startOrchestration();
  const user = mesh.user();
  const content = orders.map((order) => `${JSON.stringify(order)}\n`).join("");
  const fileId = mesh.peers.addFile(user.who, "orders.ndjson", content);
  return {
    mesh,
    user,
    connector: "file",
    settings: { fileId },
    unreachable: { settings: { fileId: crypto.randomUUID() }, reason: "does not exist" },
    schemaName: "",
    endless: "select count(*) from range(1000000000000) as a, range(1000000) as b",
    chunkRows: 600n,
    [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose](),
  };
}

connectorSuite("file", openFile);
