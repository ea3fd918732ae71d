import {
  type CatalogMatch,
  CatalogService,
  MatchKindSchema,
  PiiClass,
} from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { CommandGroup } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { many, text } from "../command/options.ts";
import { resolveSource } from "../resolve/resolve-source.ts";
import { formatEnum } from "../terminal/value.ts";
import { tableName, tables } from "./tables.ts";

const classes = ["none", "indirect", "direct", "sensitive"] as const;
const piiClasses: Readonly<Record<string, PiiClass>> = {
  none: PiiClass.NONE,
  indirect: PiiClass.INDIRECT,
  direct: PiiClass.DIRECT,
  sensitive: PiiClass.SENSITIVE,
};

const search = listCommand({
  name: "search",
  summary: "Search tables by words of their names, columns, tags, comments and descriptions",
  args: ["<words...>"],
  options: {
    source: text("source", "only tables of this source"),
    schema: text("name", "only tables of this schema"),
    tag: many("tag", "only tables with this tag, also of a column; can be given several times"),
    owner: text("owner", "only tables of this owner"),
    pii: text("class", "only tables with a column of this class of personal data", { choices: classes }),
  },
  examples: [
    "catalog search customer orders",
    "catalog search e-mail --pii direct",
    "catalog search sales --tag gold",
  ],
  service: CatalogService,
  method: CatalogService.method.searchCatalog,
  request: async (call, [words], { source, schema, tag, owner, pii }) => ({
    query: words.join(" "),
    sourceId: source === undefined ? "" : await resolveSource(call, source),
    schemaName: schema ?? "",
    tags: [...tag],
    owner: owner ?? "",
    piiClass: piiClasses[pii ?? ""] ?? PiiClass.UNSPECIFIED,
  }),
  items: (response) => response.matches,
  columns: [
    { title: "id", value: ({ table }: CatalogMatch) => table?.tableId ?? "" },
    { title: "table", value: ({ table }) => (table ? tableName(table) : "") },
    { title: "match", value: ({ kind }) => formatEnum(MatchKindSchema, kind) },
    { title: "columns", value: ({ matchedColumns }) => matchedColumns.join(", ") },
    { title: "tags", value: ({ table }) => table?.tags.join(", ") ?? "" },
    { title: "owner", value: ({ table }) => table?.owner ?? "" },
  ],
  id: ({ table }) => table?.tableId ?? "",
});

const schemas = listCommand({
  name: "schemas",
  summary: "List the schemas that have tables",
  args: ["[source]"],
  examples: ["catalog schemas", "catalog schemas shop"],
  service: CatalogService,
  method: CatalogService.method.listSchemas,
  request: async (call, [source]) => ({
    sourceId: source === undefined ? "" : await resolveSource(call, source),
  }),
  items: (response) => response.schemas,
  columns: [
    { title: "id", value: ({ schemaId }) => schemaId },
    { title: "schema", value: ({ name }) => name },
    { title: "tables", align: "right", value: ({ tableCount }) => String(tableCount) },
    { title: "source", value: ({ sourceId }) => sourceId },
  ],
  id: ({ schemaId }) => schemaId,
});

export const catalog: CommandGroup = {
  name: "catalog",
  summary: "Tables of all sources, and a search of them",
  commands: [
    search,
    { ...tables, examples: tables.examples.map((example) => `catalog ${example}`) },
    schemas,
  ],
};
