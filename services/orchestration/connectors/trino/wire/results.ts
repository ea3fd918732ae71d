import { z } from "zod";
import { JsonError } from "../../../engine/files/json/json-error.ts";
import { sourceDataInvalid } from "../../../errors.ts";
import { readPage } from "../../http-json/read-page.ts";
import type { Range } from "../../http-json/walk-json.ts";

/** A column of a result, with Trino's type. */
export type TrinoColumn = { readonly name: string; readonly type: string };

/** A value as JSON text, as the server writes it: a number keeps its digits. */
export type Cell = string;

/** One response to a statement. */
export type Results = {
  readonly columns: readonly TrinoColumn[] | undefined;
  readonly rows: readonly (readonly Cell[])[];
  readonly sizeBytes: number;
  /** Path and query of the next response; undefined after the last. */
  readonly next: string | undefined;
  /** Whether the statement ended with all its rows. */
  readonly isFinished: boolean;
  readonly error: TrinoError | undefined;
};

export type TrinoError = z.output<typeof errorReply>;

const columnsReply = z
  .array(z.object({ name: z.string().max(1000), type: z.string().max(10_000) }))
  .max(10_000);
const errorReply = z.object({
  message: z
    .string()
    .default("")
    .transform((message) => message.slice(0, 1000)),
  errorName: z.string().max(200).default(""),
  errorType: z.string().max(200).default(""),
});

const pointers = [["columns"], ["data"], ["nextUri"], ["error"], ["stats", "state"]];

/** Reads a response. FailedPrecondition (SOURCE_DATA_INVALID) if it is none of Trino's protocol. */
export function readResults(chunks: readonly Uint8Array[]): Results {
  try {
    const page = readPage(chunks);
    const [columns, data, nextUri, error, state] = page.find(pointers);
    const textOf = ({ from, to }: Range) => page.bytes.toString("utf8", from, to);
    const parsed = <T>(schema: z.ZodType<T>, range: typeof columns): T | undefined =>
      range && textOf(range) !== "null" ? schema.parse(JSON.parse(textOf(range))) : undefined;
    const listOf = (range: Range): Range[] => {
      const found = page.elementsOf(range);
      if (!found) throw new JsonError(range.from, "a list is expected");
      return found;
    };
    const rows = data && textOf(data) !== "null" ? listOf(data) : [];
    return {
      columns: parsed(columnsReply, columns),
      rows: rows.map((row) => listOf(row).map(textOf)),
      sizeBytes: page.bytes.length,
      next: pathOf(parsed(z.string().max(5000), nextUri)),
      isFinished: state !== undefined && textOf(state) === '"FINISHED"',
      error: parsed(errorReply, error),
    };
  } catch (error) {
    if (!(error instanceof JsonError || error instanceof z.ZodError || error instanceof SyntaxError))
      throw error;
    throw Object.assign(unreadable(), { cause: error });
  }
}

/**
 * The address is the server's own idea of it, which a proxy may know better: only path and query count, and the request goes
 * to the server of the settings.
 */
function pathOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const { pathname, search } = URL.canParse(address) ? new URL(address) : { pathname: "", search: "" };
  if (!pathname.startsWith("/v1/statement/")) throw unreadable();
  return pathname + search;
}

export const unreadable = () =>
  sourceDataInvalid("the server does not speak Trino's protocol: its responses can't be read");
