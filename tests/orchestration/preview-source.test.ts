import { randomUUID } from "node:crypto";
import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { ListValueSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import type { SourcePreview } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { readerPassword, startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
beforeAll(async () => {
  mesh().peers.addSecret(user().who, "reader-password", readerPassword);
  await foreign().sql.unsafe(`
    create table "odd ""name" (id int, price numeric(10, 2));
    insert into "odd ""name" select n, n * 1.5 from generate_series(1, 3) as n;
    grant select on all tables in schema public to public`);
});

const rowsOf = ({ rows }: SourcePreview) => rows.map((row) => toJson(ListValueSchema, row));
const columnsOf = ({ columns }: SourcePreview) => columns.map(({ name, dataType }) => `${name} ${dataType}`);

async function previewFile(
  name: string,
  content: Buffer | string,
  options: { maxRows?: number; settings?: JsonObject } = {},
) {
  const fileId = mesh().peers.addFile(user().who, name, content);
  const settings = { fileId, ...options.settings };
  const { preview } = await user().sources.previewSource({
    connector: "file",
    settings,
    maxRows: options.maxRows ?? 0,
  });
  if (!preview) throw new Error("there is no preview");
  return preview;
}

const parts = "id;name\n1;bolt\n2;nut\n3;\n";

describe("a file", () => {
  test("OK: what was found, the first rows, and how many there are", async () => {
    const preview = await previewFile("parts.csv", parts, { maxRows: 2 });
    expect(preview).toMatchObject({
      readable: true,
      settings: { format: "csv", delimiter: ";" },
      schemaName: "",
      tableName: "parts",
      truncated: true,
      rowCount: 3n,
    });
    expect(columnsOf(preview)).toEqual(["id BIGINT", "name VARCHAR"]);
    expect(rowsOf(preview)).toEqual([
      ["1", "bolt"],
      ["2", "nut"],
    ]);
  });

  test("OK: a source that is made with what was found is read in the same way", async () => {
    const { settings, columns } = await previewFile("parts.csv", parts);
    const sourceId = await createFileSource(mesh(), user(), "parts.csv", parts, settings);
    const { added } = await user().catalog.discover({ sourceId });
    expect(added[0]?.columns.map(({ name, dataType }) => ({ name, dataType }))).toEqual(
      columns.map(({ name, dataType }) => ({ name, dataType })),
    );
  });

  test("OK: one that can't be read, with the line and what is wrong with it", async () => {
    const preview = await previewFile("ragged.csv", "a,b\n1,2\n3\n");
    expect(preview).toMatchObject({ readable: false, columns: [], rows: [], problems: [{ line: 3n }] });
    expect(preview.rowCount).toBeUndefined();
    expect(preview.problems[0]?.message).not.toContain(mesh().folder);
  });

  test("OK: nothing is kept of it", async () => {
    const before = await user().sources.listSources({});
    await previewFile("kept.csv", "a\n1\n");
    expect(await user().sources.listSources({})).toEqual(before);
  });

  test("InvalidArgument: a setting that there is not, a value that does not fit, a table", async () => {
    const fileId = mesh().peers.addFile(user().who, "a.csv", "a\n1\n");
    const ask = (settings: JsonObject, table?: { schemaName: string; name: string }) =>
      failureOf(
        user().sources.previewSource({ connector: "file", settings: { fileId, ...settings }, table }),
      );
    expect(await ask({ separator: ";" })).toMatchObject({
      code: Code.InvalidArgument,
      reason: "SETTINGS_INVALID",
      fields: ["settings.separator"],
    });
    expect(await ask({ quote: "''" })).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["settings.quote"],
    });
    expect(await ask({}, { schemaName: "public", name: "a" })).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["table"],
    });
  });

  test("FailedPrecondition: it does not exist, or is another organisation's", async () => {
    const others = mesh().peers.addFile(mesh().user().who, "secret.csv", "a\n1\n");
    for (const fileId of [randomUUID(), others]) {
      expect(
        await failureOf(user().sources.previewSource({ connector: "file", settings: { fileId } })),
      ).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
    }
  });

  test("NotFound: no such connector", async () => {
    expect(
      await failureOf(user().sources.previewSource({ connector: "nothing", settings: {} })),
    ).toMatchObject({ code: Code.NotFound });
  });
});

describe("a database", () => {
  const ask = async (table?: { schemaName: string; name: string }) =>
    user().sources.previewSource({
      connector: "postgresql",
      settings: foreign().settings,
      table,
      maxRows: 2,
    });

  test("OK: the first rows of a table", async () => {
    const { preview } = await ask({ schemaName: "public", name: 'odd "name' });
    expect(preview).toMatchObject({
      readable: true,
      schemaName: "public",
      tableName: 'odd "name',
      truncated: true,
    });
    expect(preview && rowsOf(preview)).toEqual([
      [1, "1.50"],
      [2, "3.00"],
    ]);
    expect(preview && columnsOf(preview)).toEqual(["id integer", "price numeric"]);
  });

  test("InvalidArgument: no table is named, or there is none of the name", async () => {
    expect(await failureOf(ask())).toMatchObject({ code: Code.InvalidArgument, fields: ["table"] });
    expect(await failureOf(ask({ schemaName: "public", name: "nothing" }))).toMatchObject({
      code: Code.InvalidArgument,
      reason: "SQL_INVALID",
    });
  });
});

describe("a dry run", () => {
  const named = (displayName: string, settings: JsonObject) => ({ displayName, connector: "file", settings });

  test("OK: of a creation answers the preview, and stores nothing", async () => {
    const fileId = mesh().peers.addFile(user().who, "parts.csv", parts);
    const source = named("dry", { fileId });
    const before = await user().sources.listSources({});
    const response = await user().sources.createSource({
      source,
      validateOnly: true,
      requestId: randomUUID(),
    });
    expect(response.source).toBeUndefined();
    expect(response.preview).toMatchObject({ readable: true, rowCount: 3n });
    expect(await user().sources.listSources({})).toEqual(before);
    expect((await user().sources.createSource({ source })).source?.displayName).toBe("dry");
  });

  test("AlreadyExists: the name is taken, as it is for a creation", async () => {
    const fileId = mesh().peers.addFile(user().who, "parts.csv", parts);
    const source = named("taken", { fileId });
    await user().sources.createSource({ source });
    expect(await failureOf(user().sources.createSource({ source, validateOnly: true }))).toMatchObject({
      code: Code.AlreadyExists,
      reason: "RESOURCE_EXISTS",
    });
  });

  test("OK: of a change answers the preview, and changes nothing", async () => {
    const sourceId = await createFileSource(mesh(), user(), "parts.csv", parts);
    const before = await user().sources.getSource({ sourceId });
    const settings = { fileId: mesh().peers.addFile(user().who, "other.csv", "a\n1\n"), format: "csv" };
    const response = await user().sources.updateSource({
      source: { sourceId, settings },
      validateOnly: true,
    });
    expect(response.source).toBeUndefined();
    expect(response.preview).toMatchObject({ readable: true, tableName: "other" });
    expect(await user().sources.getSource({ sourceId })).toEqual(before);
  });

  test("Aborted: the source has another etag, as for a change", async () => {
    const sourceId = await createFileSource(mesh(), user(), "parts.csv", parts);
    const source = { sourceId, displayName: "next", etag: "7" };
    expect(await failureOf(user().sources.updateSource({ source, validateOnly: true }))).toMatchObject({
      code: Code.Aborted,
      reason: "ETAG_MISMATCH",
    });
  });
});
