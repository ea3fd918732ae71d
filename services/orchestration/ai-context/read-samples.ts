import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Preview } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { startWork } from "../executions/start-work.ts";
import type { EncodedValue } from "../results/encoded-value.ts";
import type { SourceRow } from "../source-repository.ts";
import { openSource } from "../sources/open-source.ts";
import type { TableRow } from "../table-repository.ts";
import { oneLine, quote } from "./describe-table.ts";

/** Time limit of the sample of one table, in milliseconds. */
const sampleTimeoutMs = 15_000;
/** Columns and characters of a value in a sample. */
const columnsMax = 50;
const valueCharactersMax = 40;
const masked = "***";

export type Samples = { readonly text: string };

export type SampleRequest = {
  readonly row: TableRow;
  readonly source: SourceRow;
  readonly maxRows: number;
  /** Whether values of columns that nobody has classified are shown. */
  readonly withUnclassified: boolean;
};

/** The first rows of a table, without personal data; why there are none, if the source can't be read. */
export async function readSamples(
  deps: OrchestrationDeps,
  context: HandlerContext,
  { row, source, maxRows, withUnclassified }: SampleRequest,
): Promise<Samples | { readonly problem: string } | undefined> {
  const shown = new Set(
    row.columns
      .filter(({ name }) => {
        const piiClass = row.columnAnnotations[name]?.piiClass;
        return piiClass === "NONE" || (piiClass === undefined && withUnclassified);
      })
      .map(({ name }) => name),
  );
  if (shown.size === 0) return undefined;
  try {
    const preview = await readRows(deps, context, { row, source, maxRows });
    return preview.rows.length === 0 ? undefined : { text: formatRows(preview, shown) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ConnectError) return { problem: error.rawMessage };
    throw error;
  }
}

async function readRows(
  deps: OrchestrationDeps,
  context: HandlerContext,
  { row, source, maxRows }: Pick<SampleRequest, "row" | "source" | "maxRows">,
): Promise<Preview> {
  using work = startWork(deps, context, {
    workClass: "interactive",
    subject: "the sample",
    limits: [{ ms: sampleTimeoutMs, setBy: "server" }],
  });
  using admitted = await work.admit();
  try {
    const opened = openSource(deps, source);
    const { schemaName, name } = row;
    return await opened.preview(
      { table: opened.isOneTable ? undefined : { schemaName, name }, maxRows },
      admitted,
    );
  } catch (error) {
    work.signal.throwIfAborted();
    throw error;
  }
}

function formatRows({ columns, rows }: Preview, shown: ReadonlySet<string>): string {
  const some = columns.slice(0, columnsMax);
  const names = some.map(({ name }) => quote(name)).join(", ");
  const lines = rows.map(
    (values) =>
      `-- (${some.map(({ name }, index) => (shown.has(name) ? formatValue(values[index]) : masked)).join(", ")})`,
  );
  return [`-- First rows (${names}):`, ...lines].join("\n");
}

const formatValue = (value: EncodedValue | null | undefined): string =>
  value === null || value === undefined
    ? "NULL"
    : oneLine(typeof value === "string" ? `'${value}'` : JSON.stringify(value), valueCharactersMax);
