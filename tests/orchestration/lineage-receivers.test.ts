import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createRecorder } from "./lineage-graph.ts";
import {
  createFileSource,
  eventually,
  type Orchestration,
  query,
  startOrchestration,
} from "./orchestration.ts";

type RunEvent = {
  run: { runId: string; facets: { sluice: { orgId: string; namespace: string } } };
  job: { namespace: string; name: string };
  inputs: { namespace: string; name: string }[];
  outputs: { name: string; facets: { columnLineage?: { fields: Record<string, unknown> } } }[];
};

/** A receiver of events. `respond` gives a status, or undefined for no response. */
async function startReceiver(respond: (event: RunEvent, attempt: number) => number | undefined, port = 0) {
  const received: { event: RunEvent; authorization: string | undefined; status: number | undefined }[] = [];
  const server: Server = createServer(async (request, response) => {
    const event = JSON.parse(await text(request)) as RunEvent;
    const status = respond(event, received.length);
    received.push({ event, authorization: request.headers.authorization, status });
    if (status !== undefined) response.writeHead(status).end("x".repeat(100_000));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    received,
    port: (server.address() as AddressInfo).port,
    /** Names of the outputs of the accepted events. */
    accepted: () =>
      received
        .filter(({ status }) => status === 200)
        .map(({ event }) => event.outputs.map(({ name }) => name).join()),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const start = (receivers: object[], allow = "127.0.0.0/8") =>
  startOrchestration({
    openlineage_receivers: JSON.stringify(receivers),
    OPENLINEAGE_ADDRESS_ALLOW: allow,
  });

const urlOf = ({ port }: { port: number }) => `http://127.0.0.1:${port}/api/v1/lineage`;

async function unsent({ database: { sql } }: Orchestration) {
  const rows = await sql`select receiver, attempt_count from orchestration.lineage_outbox order by position`;
  return rows.map(({ receiver, attempt_count: attempts }) => [receiver, attempts > 0]);
}

test("OK: runs and executions are sent with their columns, in the order of the run, also after 500", async () => {
  await using receiver = await startReceiver((_event, attempt) => (attempt < 2 ? 500 : 200));
  await using mesh = await start([{ name: "marquez", url: urlOf(receiver), token: "secret" }]);
  const user = mesh.user();
  const { record, idOf } = createRecorder(mesh, user);
  await record("staging", ["orders"], ["one"], [["orders", "id", "one", "key"]]);
  await record("staging", ["orders"], ["two"]);
  await eventually(receiver.accepted, 30_000).toEqual([idOf("one"), idOf("two")]);
  const event = receiver.received.at(-2)?.event;
  expect(event).toMatchObject({
    eventType: "COMPLETE",
    schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    run: { runId: idOf("staging"), facets: { sluice: { orgId: user.who.orgId, namespace: "default" } } },
    job: { namespace: "sluice", name: `staging (${idOf("staging")})` },
    inputs: [
      { namespace: "sluice", name: idOf("orders"), facets: { documentation: { description: "orders" } } },
    ],
    outputs: [
      {
        facets: {
          columnLineage: {
            fields: {
              key: {
                inputFields: [
                  {
                    namespace: "sluice",
                    name: idOf("orders"),
                    field: "id",
                    transformations: [{ type: "DIRECT", subtype: "IDENTITY" }],
                  },
                ],
              },
            },
          },
        },
      },
    ],
  });
  expect(new Set(receiver.received.map(({ authorization }) => authorization))).toEqual(
    new Set(["Bearer secret"]),
  );
  const sourceId = await createFileSource(mesh, user, "orders.csv", "id\n1\n");
  const { tables } = await user.catalog
    .discover({ sourceId })
    .then(() => user.catalog.listTables({ sourceId }));
  await query(user, sourceId, "select id from orders");
  await eventually(() => receiver.received.at(-1)?.event.job.name, 60_000).toMatch(/^executions\//);
  expect(receiver.received.at(-1)?.event.inputs).toMatchObject([
    { namespace: `sluice/source/${sourceId}`, name: tables[0]?.name },
  ]);
  await eventually(() => unsent(mesh)).toEqual([]);
});

test("OK: an event that a receiver refuses is given up, and the next one of the run is sent", async () => {
  let refused = "";
  await using receiver = await startReceiver(({ outputs }) => (outputs[0]?.name === refused ? 400 : 200));
  await using mesh = await start([{ name: "strict", url: urlOf(receiver) }]);
  const { record, idOf } = createRecorder(mesh, mesh.user());
  refused = idOf("one");
  await record("staging", ["orders"], ["one"]);
  await record("staging", ["orders"], ["two"]);
  await eventually(receiver.accepted, 30_000).toEqual([idOf("two")]);
  expect(receiver.received.map(({ status }) => status)).toEqual([400, 200]);
  await eventually(() => unsent(mesh)).toEqual([]);
});

test("OK: receivers that are down, or never respond, delay neither the work nor other receivers", async () => {
  await using fast = await startReceiver(() => 200);
  await using slow = await startReceiver(() => undefined);
  const { port } = await (async () => {
    await using closed = await startReceiver(() => 200);
    return closed;
  })();
  await using mesh = await start([
    { name: "down", url: urlOf({ port }) },
    { name: "fast", url: urlOf(fast) },
    { name: "slow", url: urlOf(slow) },
  ]);
  const { record, idOf } = createRecorder(mesh, mesh.user());
  await record("staging", ["orders"], ["one"]);
  await eventually(fast.accepted, 30_000).toEqual([idOf("one")]);
  await eventually(() => unsent(mesh), 30_000).toEqual([
    ["down", true],
    ["slow", true],
  ]);
  await using back = await startReceiver(() => 200, port);
  await eventually(back.accepted, 60_000).toEqual([idOf("one")]);
});

test("OK: a receiver outside of the allowed networks is never contacted", async () => {
  await using receiver = await startReceiver(() => 200);
  await using mesh = await start([{ name: "inner", url: urlOf(receiver) }], "10.0.0.0/8");
  const { record } = createRecorder(mesh, mesh.user());
  await record("staging", ["orders"], ["one"]);
  await eventually(() => unsent(mesh), 30_000).toEqual([["inner", true]]);
  expect(receiver.received).toEqual([]);
});
