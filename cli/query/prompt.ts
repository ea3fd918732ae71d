import { createInterface, type Interface } from "node:readline/promises";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { Call } from "../command/call.ts";
import { readAll } from "../command/list.ts";
import { formatColumn, tableName } from "../commands/tables.ts";
import { explain } from "../failures/explain.ts";
import { neutralise, neutraliseLines } from "../terminal/neutralise.ts";
import { readHistory, writeHistory } from "./history.ts";
import { type Query, runQuery } from "./run-query.ts";

const help =
  "A statement ends with ; and can have several lines.  \\d tables  \\q quit  ↑ history  Ctrl-C cancel";

/** Asks for statements until the user quits. */
export async function promptQueries(call: Call, query: Omit<Query, "sql">): Promise<void> {
  const { folder } = call.settings;
  const history = await readHistory(folder);
  call.terminal.note(help);
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    history,
    historySize: 500,
    removeHistoryDuplicates: true,
  });
  const entered: string[] = [];
  try {
    for (;;) {
      const statement = await readStatement(lines);
      if (statement === undefined || statement === "\\q") return;
      if (statement === "") continue;
      entered.unshift(statement.replaceAll("\n", " "));
      await answer(call, query, statement, lines);
    }
  } finally {
    lines.close();
    await writeHistory(folder, [...new Set([...entered, ...history])]);
  }
}

/** Reads lines up to a semicolon; a command is one line. Undefined at the end of the input, empty after Ctrl-C. */
async function readStatement(lines: Interface): Promise<string | undefined> {
  let statement = "";
  do {
    const line = await readLine(lines, statement === "" ? "sql> " : "  -> ");
    if (typeof line !== "string") return line === cancelled ? "" : undefined;
    statement = statement === "" ? line.trim() : `${statement}\n${line}`;
    if (statement === "" || statement.startsWith("\\")) return statement;
  } while (!/;\s*$/.test(statement));
  return statement.replace(/;\s*$/, "");
}

const cancelled = Symbol("cancelled");

function readLine(lines: Interface, prompt: string): Promise<string | typeof cancelled | undefined> {
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    const onInterrupt = () => {
      abort.abort();
      process.stderr.write("\n");
      resolve(cancelled);
    };
    const onClose = () => resolve(undefined);
    lines.once("SIGINT", onInterrupt);
    lines.once("close", onClose);
    lines
      .question(prompt, { signal: abort.signal })
      .then(resolve, (error) => (abort.signal.aborted ? undefined : reject(error)))
      .finally(() => {
        lines.off("SIGINT", onInterrupt);
        lines.off("close", onClose);
      });
  });
}

/** Runs a statement. Ctrl-C ends it, and the prompt goes on. */
async function answer(
  call: Call,
  query: Omit<Query, "sql">,
  statement: string,
  lines: Interface,
): Promise<void> {
  const abort = new AbortController();
  const stop = () => abort.abort();
  using _interrupt = call.onInterrupt(stop);
  lines.on("SIGINT", stop);
  try {
    if (statement === "\\d") await showTables(call, query.sourceId);
    else if (statement.startsWith("\\")) call.terminal.note(help);
    else await runQuery(call, { ...query, sql: statement }, abort.signal);
  } catch (error) {
    const { message, advice } = await explain(error, (await call.session()).server);
    call.terminal.note(`${call.terminal.noteStyle("error:", "red")} ${neutraliseLines(message)}`);
    if (advice) call.terminal.note(neutraliseLines(advice));
  } finally {
    lines.off("SIGINT", stop);
  }
}

async function showTables(call: Call, sourceId: string): Promise<void> {
  const { listTables } = CatalogService.method;
  for (const table of await readAll(call, CatalogService, listTables, { sourceId }, ({ tables }) => tables)) {
    call.terminal.print(neutralise(`${tableName(table)} (${table.columns.map(formatColumn).join(", ")})`));
  }
}
