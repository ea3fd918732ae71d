import { type DescField, type DescMessage, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { fullName } from "../lib/contracts.ts";
import { type Mesh, startMesh } from "./mesh.ts";
import { requestOf, variantsOf } from "./naming.ts";
import { callAs, deletionsLast, methods } from "./sweep.ts";
import { createThings, type Things } from "./things.ts";

/** Fields from the request down to a text. */
type Path = readonly DescField[];

const texts: Readonly<Record<string, string>> = {
  "a statement": "x'; drop table identity.users cascade; drop table storage.files cascade; --",
  "a placeholder": "$1 %s {} \\'",
  "a null": "a\u0000b",
  "other directions and marks": "\u202eadmin\u0301\u200b\ufeff",
  "wide letters": "ａｄｍｉｎ",
  "a megabyte": "n".repeat(1024 * 1024),
};

/** Deeper messages are parts of settings and of lineage, which have tests of their own. */
const depthMax = 3;

let mesh: Mesh;
let owner: Principal;
let things: Things;
let tables: number;

const countTables = async () => {
  const [row] = await mesh.database.sql`
    select count(*)::int as tables from pg_tables where schemaname not like 'pg%'`;
  return Number(row?.tables);
};

beforeAll(async () => {
  mesh = await startMesh();
  ({ owner, things } = await createThings(mesh));
  tables = await countTables();
});
afterAll(() => mesh[Symbol.asyncDispose]());

const rows = deletionsLast(methods)
  .map((method): [string, DescMethod, Path[]] => [fullName(method), method, textsIn(method.input)])
  .filter(([, , paths]) => paths.length > 0);

test.each(rows)("hostile text in %s is taken or refused, and no fault", async (_name, method, paths) => {
  const faults: string[] = [];
  for (const path of paths) {
    const calls = Object.entries(texts).map(async ([kind, text]) => {
      const failure = await failureOf(method, path, text);
      // What is wrong with the caller's own statement is told in the database's words.
      const isStatement = failure?.code === Code.InvalidArgument && path.at(-1)?.name === "sql";
      const fault = isStatement ? undefined : faultOf(failure);
      if (fault) faults.push(`${path.map(({ name }) => name).join(".")}, ${kind}: ${fault}`);
    });
    await Promise.all(calls);
  }
  expect(faults).toEqual([]);
});

test("no statement was executed", async () => {
  expect(await countTables()).toBe(tables);
});

/** What is wrong with a failure: a fault of the server, words of the database, or the text in full. */
function faultOf(failure: ConnectError | undefined): string | undefined {
  if (!failure) return undefined;
  const { code, rawMessage } = failure;
  const isFault = [Code.Internal, Code.Unknown, Code.DataLoss, Code.Unimplemented].includes(code);
  const isLeak = /syntax error|relation ".*" does not|violates|invalid byte sequence|failed query/i.test(
    rawMessage,
  );
  const isLong = rawMessage.length > 10_000;
  if (!isFault && !isLeak && !isLong) return undefined;
  return `${Code[code]} ${rawMessage.slice(0, 200)}`;
}

async function failureOf(method: DescMethod, path: Path, text: string): Promise<ConnectError | undefined> {
  const request = withText(requestOf(method, things, variantsOf(method)[0] ?? []), path, text);
  try {
    await callAs(mesh, method, owner, request);
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}

/** Paths to the texts of a message, in lists, maps and oneofs too. */
function textsIn(message: DescMessage, depth = depthMax): Path[] {
  return message.fields.flatMap((field): Path[] => {
    if (isText(field)) return [[field]];
    if (!field.message || field.fieldKind === "map" || depth === 1) return [];
    return textsIn(field.message, depth - 1).map((path) => [field, ...path]);
  });
}

function isText(field: DescField): boolean {
  if (field.fieldKind === "map")
    return field.mapKey === ScalarType.STRING && field.scalar === ScalarType.STRING;
  if (field.message) return field.message.typeName === StructSchema.typeName;
  return field.scalar === ScalarType.STRING;
}

/** The message with a text at this path, beside what else it has. */
function withText(message: object, [field, ...rest]: Path, text: string): object {
  const { $typeName: _, ...init } = message as Readonly<Record<string, unknown>>;
  if (!field) return init;
  const value = rest.length > 0 ? withText(innerOf(init, field), rest, text) : textOf(field, text);
  const held = field.fieldKind === "list" ? [value] : value;
  if (!field.oneof) return { ...init, [field.localName]: held };
  return { ...init, [field.oneof.localName]: { case: field.localName, value: held } };
}

function innerOf(init: Readonly<Record<string, unknown>>, field: DescField): object {
  const inner = field.oneof ? undefined : init[field.localName];
  return typeof inner === "object" && inner !== null && !Array.isArray(inner) ? inner : {};
}

function textOf(field: DescField, text: string): unknown {
  const isObject = field.fieldKind === "map" || field.message?.typeName === StructSchema.typeName;
  return isObject ? { [text]: text } : text;
}
