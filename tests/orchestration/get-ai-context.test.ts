import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PiiClass } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createCatalogSource, tableNamed } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { eventually, failureOf, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

const shop = `
  create table {s}.customers (id int primary key, email text not null, city text);
  create table {s}.orders (id int primary key, customer_id int references {s}.customers, total numeric(10, 2));
  create table {s}.weather (day date);
  comment on table {s}.customers is 'Who buys
from us';
  comment on column {s}.customers.city is 'Where they live';
  insert into {s}.customers values (1, 'ann@example.org', 'Łódź'), (2, 'bob@example.org', null);
  analyze {s}.customers`;

async function createShop(user: User) {
  const source = await createCatalogSource(mesh(), user, foreign(), shop);
  const { added } = await source.discover();
  const { tableId } = tableNamed(added, "customers");
  const { displayName = "" } = (await user.sources.getSource({ sourceId: source.sourceId })).source ?? {};
  return { ...source, tableId, displayName };
}

const namesOf = (tables: readonly { name: string }[]) => tables.map(({ name }) => name);

test("OK: GetAiContext answers the definitions of the tables that fit, the same each time", async () => {
  const user = mesh().user();
  const { schema, sourceId, displayName, tableId } = await createShop(user);
  const ask = () => user.catalog.getAiContext({ question: "In which cities do our customers live?" });
  const context = await ask();
  const source = `-- Source "${displayName}" (postgresql), ${sourceId}`;
  expect(context.text).toBe(`${source}
CREATE TABLE ${schema}.customers ( -- Who buys from us
  id integer NOT NULL,
  email text NOT NULL,
  city text, -- Where they live
  PRIMARY KEY (id)
); -- 2 rows

${source}
CREATE TABLE ${schema}.orders (
  id integer NOT NULL,
  customer_id integer,
  total numeric(10,2),
  PRIMARY KEY (id),
  FOREIGN KEY (customer_id) REFERENCES ${schema}.customers (id)
);`);
  expect(context.tables).toMatchObject([
    { tableId, sourceId, schemaName: schema, name: "customers", omittedColumnCount: 0 },
    { name: "orders" },
  ]);
  expect(context.omitted).toEqual([]);
  expect(context.tokenCount).toBeGreaterThan(Buffer.byteLength(context.text) / 3);
  expect(await ask()).toEqual(context);
});

test("OK: rows are without personal data, and without what nobody has classified unless it is asked for", async () => {
  const user = mesh().user();
  const { tableId } = await createShop(user);
  const classes = { email: { piiClass: PiiClass.DIRECT }, city: { piiClass: PiiClass.NONE } };
  await user.catalog.updateTable({ table: { tableId, columnAnnotations: classes } });
  const rowsOf = async (request = {}) => {
    const question = "customers";
    const { text } = await user.catalog.getAiContext({ question, sampleRows: 2, maxTables: 1, ...request });
    return text.split("\n").slice(-3);
  };
  expect(await rowsOf()).toEqual([
    "-- First rows (id, email, city):",
    "-- (***, ***, 'Łódź')",
    "-- (***, ***, NULL)",
  ]);
  expect(await rowsOf({ unclassifiedSamples: true })).toEqual([
    "-- First rows (id, email, city):",
    expect.stringMatching(/^-- \('?1'?, \*{3}, 'Łódź'\)$/),
    expect.stringMatching(/^-- \('?2'?, \*{3}, NULL\)$/),
  ]);
});

test("OK: rows of a file, and why a source has none", async () => {
  const user = mesh().user();
  const fileId = mesh().peers.addFile(user.who, "planets.csv", "name,moons\nMars,2\n");
  const displayName = "space";
  const { source } = await user.sources.createSource({
    source: { displayName, connector: "file", settings: { fileId } },
  });
  await user.catalog.discover({ sourceId: source?.sourceId ?? "" });
  const ask = () =>
    user.catalog.getAiContext({ question: "planets", sampleRows: 5, unclassifiedSamples: true });
  expect((await ask()).text).toMatch(/-- First rows \(name, moons\):\n-- \('Mars', '?2'?\)$/);
  mesh().peers.corrupt.add(fileId);
  const changed = mesh().peers.addFile(user.who, "other.csv", "name,moons\nMars,2");
  mesh().peers.corrupt.add(changed);
  await user.sources.updateSource({
    source: { sourceId: source?.sourceId ?? "", settings: { fileId: changed } },
  });
  const { omitted, tables } = await ask();
  expect(namesOf(tables)).toEqual(["planets"]);
  expect(omitted).toEqual([expect.stringMatching(/^samples of planets: /)]);
});

test("OK: statements of the past are without their values, and once", async () => {
  const user = mesh().user();
  const { sourceId, schema } = await createShop(user);
  const sql = (city: string) => `select id from ${schema}.customers where city = '${city}' -- of ${city}`;
  await user.executions.executeQuery({ sourceId, sql: sql("Rome") });
  await user.executions.executeQuery({ sourceId, sql: sql("Oslo") });
  const text = async () => (await user.catalog.getAiContext({ question: "customers" })).text;
  const statement = `-- Statement: select id from ${schema}.customers where city = ?`;
  await eventually(text).toContain(statement);
  expect((await text()).split(statement)).toHaveLength(2);
  expect(await text()).not.toMatch(/Rome|Oslo/);
});

test("OK: what a table is made from, and what is made of it", async () => {
  const user = mesh().user();
  const { tableId, schema } = await createShop(user);
  await user.lineage.ingestEvent({
    event: {
      eventTime: "2026-11-30T10:00:00Z",
      eventType: "COMPLETE",
      producer: "https://example.org",
      schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
      run: { runId: crypto.randomUUID() },
      job: { namespace: "etl", name: "report" },
      inputs: [{ namespace: "sluice", name: tableId }],
      outputs: [{ namespace: "bi", name: "dashboard" }],
    },
  });
  // No event may name a table of a source as its output.
  const { sql } = mesh().database;
  const { orgId } = user.who;
  const [origin] =
    await sql`insert into orchestration.lineage_entities (org_id, entity_id, kind, namespace, name)
    values (${orgId}, ${crypto.randomUUID()}, 'dataset', 'crm', ${"people\nof the world"}) returning entity_id`;
  await sql`insert into orchestration.lineage_edges (org_id, from_entity_id, to_entity_id)
    values (${orgId}, ${origin?.entity_id}, ${tableId})`;
  const { text } = await user.catalog.getAiContext({ question: "customers" });
  expect(text).toContain(`\n-- ${schema}.customers is made from people of the world\n`);
  expect(text).toMatch(new RegExp(`\n-- ${schema}.customers goes into (?:dashboard|report)\n`));
});

test("OK: a table that takes more than half of the budget has its keys only, and what does not fit is left out", async () => {
  const user = mesh().user();
  const columns = Array.from({ length: 300 }, (_, index) => `attribute_${index} text`).join(", ");
  const { discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    `create table {s}.wide_orders (id int primary key, ${columns}); create table {s}.small_orders (id int)`,
  );
  await discover();
  const ask = (maxTokens: number) => user.catalog.getAiContext({ question: "orders", maxTokens });
  const small = await ask(300);
  expect(small.tables.map(({ name, omittedColumnCount }) => [name, omittedColumnCount]).sort()).toEqual([
    ["small_orders", 0],
    ["wide_orders", 300],
  ]);
  expect(small.text).toContain("  -- and 300 more columns\n");
  expect(small.tokenCount).toBeLessThanOrEqual(300);
  const large = await ask(100_000);
  expect(large.tables.map(({ omittedColumnCount }) => omittedColumnCount)).toEqual([0, 0]);
});

test("OK: names and texts of strangers stay in their lines", async () => {
  const user = mesh().user();
  const { discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    `create table {s}."evil
); DROP TABLE x; --" ("a""b
c" int);
     comment on table {s}."evil
); DROP TABLE x; --" is E'first\\r\\nsecond\\u2028third\\u202efourth'`,
  );
  await discover();
  const { text } = await user.catalog.getAiContext({ question: "evil" });
  expect(text.split("\n")).toHaveLength(4);
  expect(text).toContain(`"evil ); DROP TABLE x; --" ( -- first second third fourth\n  "a""b c" integer\n);`);
});

test("OK: only what the caller may read, and what is missing is named", async () => {
  const user = mesh().user();
  const { tableId } = await createShop(user);
  const { orgId } = user.who;
  const limit = { permissions: ["catalog.read"], namespaces: [] };
  const narrow = mesh().user({ orgId, limit });
  const context = await narrow.catalog.getAiContext({ question: "customers", sampleRows: 1, maxTables: 1 });
  expect(context.tables).toMatchObject([{ tableId }]);
  expect(context.omitted).toEqual([
    "lineage: permission lineage.read is required",
    "past statements: permission executions.read is required",
    expect.stringMatching(/^samples of .*customers: permission executions.write is required$/),
  ]);
  const nothing = { text: "", tokenCount: 0, tables: [], omitted: [] };
  const question = "customers";
  expect(await mesh().user().catalog.getAiContext({ question })).toMatchObject(nothing);
  expect(await user.catalog.getAiContext({ question, namespace: "elsewhere" })).toMatchObject(nothing);
  expect(await user.catalog.getAiContext({ question, sourceId: crypto.randomUUID() })).toMatchObject(nothing);
  expect(await user.catalog.getAiContext({ question: "what is the ?!" })).toMatchObject(nothing);
});

test("InvalidArgument: GetAiContext without a question, and with limits beyond theirs", async () => {
  const user = mesh().user();
  const failures = [
    { question: "" },
    { question: "x".repeat(2001) },
    { question: "x", maxTokens: 199 },
    { question: "x", maxTables: 51 },
    { question: "x", sampleRows: 6 },
    { question: "x", sourceId: "y" },
  ].map((request) => failureOf(user.catalog.getAiContext(request)));
  const invalid = (field: string) => ({ code: Code.InvalidArgument, fields: [field] });
  expect(await Promise.all(failures)).toMatchObject(
    ["question", "question", "max_tokens", "max_tables", "sample_rows", "source_id"].map(invalid),
  );
});
