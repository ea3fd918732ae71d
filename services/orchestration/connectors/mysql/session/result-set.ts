import type { Connection as Client } from "mysql2";
import { executionTooLarge } from "../../../errors.ts";
import { type ColumnDefinition, parseColumn } from "../wire/column-definition.ts";
import type { Exchange } from "../wire/exchange.ts";
import { executeMessage, type Parameter } from "../wire/execute-message.ts";
import { type Connection, toFailure } from "../wire/open-connection.ts";
import { protocolViolation } from "../wire/protocol-violation.ts";
import { toServerError } from "../wire/server-error.ts";

/** Rows of a statement, as the server sends them in its binary format. */
export type ResultSet = {
  readonly columns: readonly ColumnDefinition[];
  /** The next rows, at least one; undefined at the end. */
  next(): Promise<Buffer[] | undefined>;
  /** Whether the server has sent everything. */
  readonly isDone: boolean;
};

/** The statement has no rows, or takes parameters. */
export class StatementShapeError extends Error {
  override name = "StatementShapeError";
  readonly lacks: "rows" | "parameters";

  constructor(lacks: "rows" | "parameters") {
    super(`the statement lacks ${lacks}`);
    this.lacks = lacks;
  }
}

/** MySQL's own limit of columns. */
const columnsMax = 4096;
const error = 0xff;
const end = 0xfe;
/** A row that begins like an end is longer. */
const endBytesMax = 8;
const moreResults = 0x0008;

type Prepared = { readonly id: number; readonly columns: unknown[]; readonly parameters: unknown[] };

/** Compiles a statement. The server takes one statement only, and runs nothing yet. */
export const prepare = (client: Client, sql: string): Promise<Prepared> =>
  new Promise((resolve, reject) => {
    client.prepare(sql, (failure, prepared) =>
      failure ? reject(toFailure(failure)) : resolve(prepared as unknown as Prepared),
    );
  });

/** Runs a statement that has rows. The connection is busy until they are read. */
export async function openResult(
  { client, guarded }: Connection,
  server: string,
  sql: string,
  parameters: readonly Parameter[],
): Promise<ResultSet> {
  const prepared = await prepare(client, sql);
  const close = () => void client.unprepare(sql);
  const lacks = shapeProblem(prepared, parameters);
  if (lacks) {
    close();
    throw new StatementShapeError(lacks);
  }
  const exchange = guarded.exchange(executeMessage(prepared.id, parameters));
  const finish = () => {
    exchange.end();
    close();
  };
  const violation = (what: string) => {
    const reason = protocolViolation(server, what);
    guarded.cut(reason);
    return reason;
  };
  const bodies = createBodies(exchange);
  try {
    const columns = await readColumns(bodies, violation, hasExtension(client));
    return readRows(columns, bodies, violation, finish);
  } catch (failure) {
    finish();
    throw failure;
  }
}

const shapeProblem = (prepared: Prepared, parameters: readonly Parameter[]) => {
  if (prepared.parameters.length !== parameters.length) return "parameters";
  return prepared.columns.length === 0 ? "rows" : undefined;
};

const hasExtension = (client: Client): boolean =>
  (client as unknown as { _mariadbExtendedMetadata: boolean })._mariadbExtendedMetadata;

type Bodies = { one(): Promise<Buffer>; rest(): Promise<Buffer[]> };

function createBodies(exchange: Exchange): Bodies {
  let waiting: Buffer[] = [];
  let at = 0;
  return {
    async one() {
      if (at === waiting.length) {
        waiting = await exchange.next();
        at = 0;
      }
      const body = waiting[at] as Buffer;
      at += 1;
      return body;
    },
    async rest() {
      const rest = at === waiting.length ? await exchange.next() : waiting.slice(at);
      waiting = [];
      at = 0;
      return rest;
    },
  };
}

type Violation = (what: string) => Error;

async function readColumns(
  bodies: Bodies,
  violation: Violation,
  extended: boolean,
): Promise<ColumnDefinition[]> {
  const head = await bodies.one();
  if (head[0] === error) throw toServerError(head);
  const count = countOf(head);
  if (count === undefined || count === 0) throw violation("a result that can't be read");
  if (count > columnsMax) throw tooManyColumns(count);
  const columns: ColumnDefinition[] = [];
  while (columns.length < count) {
    const column = parseColumn(await bodies.one(), extended);
    if (!column) throw violation("columns that can't be read");
    columns.push(column);
  }
  if (!isEnd(await bodies.one())) throw violation("more columns than it announces");
  return columns;
}

/** The number of columns: one byte, or two behind a mark. */
function countOf(head: Buffer): number | undefined {
  if (head.length === 1) return head.readUInt8(0) < 0xfb ? head.readUInt8(0) : undefined;
  return head.length === 3 && head[0] === 0xfc ? head.readUInt16LE(1) : undefined;
}

const isEnd = (body: Buffer): boolean => body[0] === end && body.length <= endBytesMax;

function readRows(
  columns: readonly ColumnDefinition[],
  bodies: Bodies,
  violation: Violation,
  finish: () => void,
): ResultSet {
  let isDone = false;
  function done(): void {
    isDone = true;
    finish();
  }
  /** Handles what ends the rows. Returns how many of the bodies are rows. */
  function rowsIn(found: readonly Buffer[]): number {
    const last = found.at(-1) as Buffer;
    if (last[0] === error) {
      done();
      throw toServerError(last);
    }
    if (!isEnd(last)) return found.length;
    done();
    if (last.length >= 5 && (last.readUInt16LE(3) & moreResults) !== 0) throw violation("a second result");
    return found.length - 1;
  }
  return {
    columns,
    get isDone() {
      return isDone;
    },
    async next() {
      if (isDone) return undefined;
      const found = await bodies.rest();
      const count = rowsIn(found);
      return count === 0 ? undefined : count === found.length ? found : found.slice(0, count);
    },
  };
}

const tooManyColumns = (count: number) =>
  executionTooLarge(`the result has ${count} columns, of which ${columnsMax} are taken: select fewer`);
