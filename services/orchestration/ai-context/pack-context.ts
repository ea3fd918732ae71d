import type { TableRow } from "../table-repository.ts";
import { type Detail, describeTable, oneLine, qualifiedName } from "./describe-table.ts";
import type { Neighbour, PastStatement } from "./past-statements.ts";
import type { Samples } from "./read-samples.ts";
import { redactLiterals } from "./redact-literals.ts";
import { tokensOf } from "./token-budget.ts";

/** Share of the budget that one table may take with all of its columns. */
const tableShare = 1 / 2;

export type SourceName = { readonly displayName: string; readonly connector: string };

/** A table in a context. */
type PackedTable = { readonly row: TableRow; readonly omittedColumnCount: number };
type Block = PackedTable & { readonly text: string; readonly detail: Detail };

export type TablePack = {
  readonly blocks: readonly Block[];
  readonly tokenCount: number;
};

/**
 * Puts tables into a budget, best first: each with its columns if that fits, otherwise with its keys. What is left then goes to
 * the descriptions of columns, again best first.
 */
export function packTables(
  rows: readonly TableRow[],
  sources: ReadonlyMap<string, SourceName>,
  tokensMax: number,
): TablePack {
  const blocks: Block[] = [];
  let used = 0;
  for (const row of rows) {
    const brief = blockOf(row, sources, "brief");
    const isLarge = costOf(brief.text) > tokensMax * tableShare;
    const block = isLarge ? blockOf(row, sources, "keys") : brief;
    if (used + costOf(block.text) > tokensMax) continue;
    used += costOf(block.text);
    blocks.push(block);
  }
  for (const [index, { row, detail, text }] of blocks.entries()) {
    if (detail !== "brief") continue;
    const full = blockOf(row, sources, "all");
    const more = costOf(full.text) - costOf(text);
    if (used + more > tokensMax) continue;
    used += more;
    blocks[index] = full;
  }
  return { blocks, tokenCount: used };
}

function blockOf(row: TableRow, sources: ReadonlyMap<string, SourceName>, detail: Detail): Block {
  const { displayName = "", connector = "" } = sources.get(row.sourceId) ?? {};
  const { text, omittedColumnCount } = describeTable(row, detail);
  const source = `-- Source ${JSON.stringify(oneLine(displayName, 200))} (${connector}), ${row.sourceId}`;
  return { row, detail, omittedColumnCount, text: `${source}\n${text}` };
}

export type Extras = {
  readonly lineage: readonly Neighbour[];
  readonly statements: readonly PastStatement[];
  readonly samples: ReadonlyMap<string, Samples>;
};

/** Adds lineage, past statements and samples to the tables, as far as they fit: each kind for all tables, best first. */
export function packExtras(
  pack: TablePack,
  extras: Extras,
  tokensMax: number,
): { text: string; tokenCount: number } {
  let used = pack.tokenCount;
  const texts = new Map(pack.blocks.map(({ row, text }) => [row.tableId, [text]]));
  const add = (tableId: string, line: string) => {
    const cost = tokensOf(`\n${line}`);
    if (used + cost > tokensMax) return;
    used += cost;
    texts.get(tableId)?.push(line);
  };
  for (const { row } of pack.blocks)
    for (const line of lineageLines(row, extras.lineage)) add(row.tableId, line);
  for (const [tableId, statement] of distinctStatements(extras.statements))
    add(tableId, `-- Statement: ${statement}`);
  for (const { row } of pack.blocks) {
    const samples = extras.samples.get(row.tableId);
    if (samples) add(row.tableId, samples.text);
  }
  return { text: [...texts.values()].map((lines) => lines.join("\n")).join("\n\n"), tokenCount: used };
}

/** With the empty line between two tables. */
const costOf = (text: string): number => tokensOf(`${text}\n\n`);

function lineageLines(row: TableRow, lineage: readonly Neighbour[]): string[] {
  const names = (isUpstream: boolean) =>
    lineage
      .filter((near) => near.tableId === row.tableId && near.isUpstream === isUpstream)
      .map(({ name }) => oneLine(name, 200))
      .join(", ");
  const [from, into] = [names(true), names(false)];
  return [
    ...(from === "" ? [] : [`-- ${qualifiedName(row)} is made from ${from}`]),
    ...(into === "" ? [] : [`-- ${qualifiedName(row)} goes into ${into}`]),
  ];
}

/** Each statement at the first table that it reads. Statements that differ in values only are one. */
function distinctStatements(statements: readonly PastStatement[]): [tableId: string, statement: string][] {
  const known = new Set<string>();
  return statements.flatMap(({ tableId, sql, connector }) => {
    const statement = redactLiterals(sql, connector);
    if (statement === "" || known.has(statement)) return [];
    known.add(statement);
    return [[tableId, statement] as [string, string]];
  });
}
