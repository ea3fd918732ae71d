import { columnAlias } from "../../../engine/database/column-alias.ts";
import { firstStatement } from "../../../engine/first-statement.ts";
import { sqlInvalid } from "../../../errors.ts";
import { checkReply } from "../../sql/check-reply.ts";
import type { Statement } from "../../sql/row-source.ts";
import { modifierReply } from "../catalog/replies.ts";
import { conversionOf, type TypeConversion, textItself } from "../catalog/type-conversion.ts";
import { readTypes } from "../catalog/types.ts";
import { toStatementFailure } from "../session/failures.ts";
import type { Execute, Session } from "../session/session.ts";
import { quoteFirst, selectList } from "./select-list.ts";

/** Prepares the COPY of a statement's rows. */
export async function openStatement(
  execute: Execute,
  copyOut: Session["copyOut"],
  sql: string,
  rowsMax: number | undefined,
): Promise<Statement> {
  const text = await checkStatement(execute, sql);
  const columns = await describe(execute, text);
  const [before, after] = copyAround(columns, rowsMax);
  return {
    columns: columns.map(({ name, conversion: { read, write, dataType } }) => ({
      name,
      read: read.csv,
      write,
      dataType,
    })),
    rows: {
      writeTo: (sink) =>
        copyOut(before + text + after, sink).catch((error) => {
          throw toStatementFailure(error, text, before.length);
        }),
    },
  };
}

const declare = "declare sluice no scroll cursor for ";

type RawColumn = {
  readonly name: string;
  readonly type: number;
  /** OID of the column's table, and its number in there; 0 if it is computed. */
  readonly table: number;
  readonly number: number;
};

type ResultColumn = { readonly name: string; readonly conversion: TypeConversion };

/**
 * Returns the statement without what follows its first semicolon. The server has accepted both texts as one statement that
 * reads, so the result can safely be put into parentheses.
 */
async function checkStatement(execute: Execute, sql: string): Promise<string> {
  const text = firstStatement(sql);
  for (const one of new Set([sql, text])) {
    try {
      await execute(declare + one);
      await execute("close sluice");
    } catch (error) {
      throw toStatementFailure(error, one, declare.length);
    }
  }
  return text;
}

async function describe(execute: Execute, text: string): Promise<ResultColumn[]> {
  try {
    await execute(declare + text);
    const described = await execute("fetch forward 0 from sluice").raw();
    const columns = described.columns as unknown as RawColumn[];
    await execute("close sluice");
    if (columns.length === 0) throw sqlInvalid("the result has no columns");
    return await withConversions(execute, columns);
  } catch (error) {
    throw toStatementFailure(error, text, declare.length);
  }
}

async function withConversions(execute: Execute, columns: readonly RawColumn[]): Promise<ResultColumn[]> {
  const types = await readTypes(
    execute,
    columns.map(({ type }) => type),
  );
  const modifiers = await modifiersOf(execute, columns);
  return columns.map((column) => {
    const { name, type: oid } = column;
    const isArray = types.isArray(oid);
    const conversion = conversionOf({ oid, modifier: modifiers.get(positionOf(column)) ?? -1, isArray });
    return { name, conversion: textTypes[oid] ?? (isArray ? json(conversion) : conversion) };
  });
}

const positionOf = ({ table, number }: Pick<RawColumn, "table" | "number">): string => `${table}.${number}`;

/** Type modifiers of columns that belong to a table. The server does not report those of computed columns. */
async function modifiersOf(execute: Execute, columns: readonly RawColumn[]): Promise<Map<string, number>> {
  const positions = columns.filter(({ table }) => table > 0).map(({ table, number }) => ({ table, number }));
  if (positions.length === 0) return new Map();
  const rows = await execute(
    `select attrelid::int8::text as table, attnum::int4::text as number, atttypmod::int8::text as modifier
     from pg_attribute join json_to_recordset($1::text::json) as place("table" int8, number int4)
     on attrelid = place."table"::oid and attnum = place.number`,
    [JSON.stringify(positions)],
  );
  return new Map(
    rows
      .map((row) => checkReply(modifierReply, row, "column"))
      .map(({ table, number, modifier }) => [positionOf({ table, number }), modifier]),
  );
}

const json = (conversion: TypeConversion): TypeConversion => ({ ...conversion, dataType: "JSON" });

/** Types that become text in a file, in the same encoding as in ExecuteQuery. */
const textTypes: Readonly<Record<number, TypeConversion>> = {
  114: { ...textItself, dataType: "JSON" },
  1266: { ...textItself, dataType: "TIME WITH TIME ZONE" },
  3802: { ...textItself, dataType: "JSON" },
};

/** The COPY around a statement. A line break follows the statement, which may end in a comment. */
function copyAround(columns: readonly ResultColumn[], rowsMax: number | undefined): [string, string] {
  const list = selectList(columns.map(({ conversion }, index) => conversion.csv(columnAlias(index))));
  const aliases = columns.map((_, index) => columnAlias(index)).join(", ");
  const limit = rowsMax === undefined ? "" : ` limit ${rowsMax}`;
  return [
    `copy (select ${list} from (`,
    `\n) as sluice_result(${aliases})${limit}) to stdout (format csv, null '\\N', ${quoteFirst}, encoding 'UTF8')`,
  ];
}
