import { columnAlias } from "../../engine/database/column-alias.ts";
import { firstStatement } from "../../engine/first-statement.ts";
import { feedPipe } from "../../engine/pipes/feed-pipe.ts";
import type { ResultRows } from "../../engine/protocol.ts";
import { sqlInvalid } from "../../errors.ts";
import type { OperationContext } from "../../source-process/operation.ts";
import { checkAnswer, modifierAnswer, typeAnswer } from "./answers.ts";
import { toStatementFailure } from "./failures.ts";
import { type Passage, passageOf, textItself } from "./parquet-type.ts";
import { quoteFirst, selectList } from "./select-list.ts";
import { type Ask, withSession } from "./session.ts";
import type { Target } from "./target.ts";

export type CopyQueryRequest = {
  readonly target: Target;
  readonly sql: string;
  /** Rows that are copied at most; undefined for all. */
  readonly rowsMax: number | undefined;
  /** Absolute path of the named pipe that the rows are written into. */
  readonly inputPath: string;
  readonly timeoutMs: number;
};

/** What comes through the pipe. */
export type CopyPlan = ResultRows & { readonly kind: "copy" };

/** Sends what the rows of a statement are, then copies them into a pipe. Answers how many the server says it sent. */
export const copyQuery = (
  { target, sql, rowsMax, inputPath, timeoutMs }: CopyQueryRequest,
  { signal, send }: OperationContext<CopyPlan>,
): Promise<number | undefined> =>
  feedPipe(inputPath, signal, (pipe) =>
    withSession(target, { signal, timeoutMs }, async (ask, { copyOut }) => {
      const text = await checkStatement(ask, sql);
      const columns = await describe(ask, text);
      send(planOf(columns));
      const [before, behind] = copyAround(columns, rowsMax);
      return copyOut(before + text + behind, pipe).catch((error) => {
        throw toStatementFailure(error, text, before.length);
      });
    }),
  );

const declare = "declare sluice no scroll cursor for ";

type RawColumn = {
  readonly name: string;
  readonly type: number;
  /** Number of the table that the column is of, and its own in there; 0 for what is computed. */
  readonly table: number;
  readonly number: number;
};

type ResultColumn = { readonly name: string; readonly oid: number; readonly passage: Passage };

/**
 * Answers the statement without what may follow its semicolon. The server has taken both for one statement that reads:
 * whatever stands in it, it then is one between parentheses, too.
 */
async function checkStatement(ask: Ask, sql: string): Promise<string> {
  const text = firstStatement(sql);
  for (const one of new Set([sql, text])) {
    try {
      await ask(declare + one);
      await ask("close sluice");
    } catch (error) {
      throw toStatementFailure(error, one, declare.length);
    }
  }
  return text;
}

async function describe(ask: Ask, text: string): Promise<ResultColumn[]> {
  try {
    await ask(declare + text);
    const described = await ask("fetch forward 0 from sluice").raw();
    const columns = described.columns as unknown as RawColumn[];
    await ask("close sluice");
    if (columns.length === 0) throw sqlInvalid("the result has no columns");
    return await typed(ask, columns);
  } catch (error) {
    throw toStatementFailure(error, text, declare.length);
  }
}

async function typed(ask: Ask, columns: readonly RawColumn[]): Promise<ResultColumn[]> {
  const types = await ask(
    `select type.oid::int8::text as oid, format_type(type.oid, null) as name, type.typelem::int8::text as element
     , type.typdelim = ',' and exists (select from pg_type as element where element.typarray = type.oid) as "isArray"
     from pg_type as type where type.oid in (select value::oid from json_array_elements_text($1::text::json) as value)`,
    [JSON.stringify([...new Set(columns.map(({ type }) => type))])],
  );
  const arrays = new Map(
    types.map((row) => checkAnswer(typeAnswer, row, "type")).map(({ oid, isArray }) => [oid, isArray]),
  );
  const modifiers = await modifiersOf(ask, columns);
  return columns.map((column) => {
    const { name, type: oid } = column;
    const passage = passageOf({
      oid,
      modifier: modifiers.get(placeOf(column)) ?? -1,
      isArray: arrays.get(oid) ?? false,
    });
    return { name, oid, passage: spelledAlike[oid] ?? (arrays.get(oid) ? json(passage) : passage) };
  });
}

const placeOf = ({ table, number }: Pick<RawColumn, "table" | "number">): string => `${table}.${number}`;

/** Precision and scale of columns that are a table's own; the server does not tell those of what is computed. */
async function modifiersOf(ask: Ask, columns: readonly RawColumn[]): Promise<Map<string, number>> {
  const places = columns.filter(({ table }) => table > 0).map(({ table, number }) => ({ table, number }));
  if (places.length === 0) return new Map();
  const rows = await ask(
    `select attrelid::int8::text as table, attnum::int4::text as number, atttypmod::int8::text as modifier
     from pg_attribute join json_to_recordset($1::text::json) as place("table" int8, number int4)
     on attrelid = place."table"::oid and attnum = place.number`,
    [JSON.stringify(places)],
  );
  return new Map(
    rows
      .map((row) => checkAnswer(modifierAnswer, row, "column"))
      .map(({ table, number, modifier }) => [placeOf({ table, number }), modifier]),
  );
}

const json = (passage: Passage): Passage => ({ ...passage, dataType: "JSON" });

/** Types that a file has as text, which is spelled as ExecuteQuery spells it. */
const spelledAlike: Readonly<Record<number, Passage>> = {
  114: { ...textItself, dataType: "JSON" },
  1266: { ...textItself, dataType: "TIME WITH TIME ZONE" },
  3802: { ...textItself, dataType: "JSON" },
};

function planOf(columns: readonly ResultColumn[]): CopyPlan {
  const read = columns.map(({ passage }, index) => ({
    name: columnAlias(index),
    dataType: passage.read.csv,
  }));
  return {
    kind: "copy",
    reading: { format: "copy", encoding: "csv", columns: read },
    columns: columns.map(({ name, passage }, index) => ({
      name,
      expression: passage.write(columnAlias(index)),
      dataType: passage.dataType,
    })),
  };
}

/** The COPY of a statement, but for the statement. A line ends behind it, because it may end in a comment. */
function copyAround(columns: readonly ResultColumn[], rowsMax: number | undefined): [string, string] {
  const list = selectList(columns.map(({ passage }, index) => passage.csv(columnAlias(index))));
  const aliases = columns.map((_, index) => columnAlias(index)).join(", ");
  const limit = rowsMax === undefined ? "" : ` limit ${rowsMax}`;
  return [
    `copy (select ${list} from (`,
    `\n) as sluice_result(${aliases})${limit}) to stdout (format csv, null '\\N', ${quoteFirst}, encoding 'UTF8')`,
  ];
}
