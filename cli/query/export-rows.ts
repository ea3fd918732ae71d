import { create } from "@bufbuild/protobuf";
import {
  ExecutionService,
  ResultFormat,
  StreamQueryRequestSchema,
} from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { Call } from "../command/call.ts";
import { usageError } from "../failures/command-error.ts";
import { neutraliseJson, neutraliseLines } from "../terminal/neutralise.ts";
import { type Write, writeFileWhole } from "../terminal/write-file.ts";
import { writeOut } from "../terminal/write-out.ts";
import type { Subject } from "./read-statement.ts";

export const exportFormats = ["csv", "json", "ndjson", "parquet", "arrow"] as const;
export type ExportFormat = (typeof exportFormats)[number];

const formats: Readonly<Record<ExportFormat, ResultFormat>> = {
  csv: ResultFormat.CSV,
  // The lines of NDJSON become the elements of a list, so no value is read and written again.
  json: ResultFormat.NDJSON,
  ndjson: ResultFormat.NDJSON,
  parquet: ResultFormat.PARQUET,
  arrow: ResultFormat.ARROW,
};

export type Export = Subject & {
  readonly sql: string;
  readonly format: ExportFormat;
  readonly maxRows: number;
  readonly timeoutSeconds: number;
  /** Path of a file; standard output if unset. */
  readonly output: string | undefined;
};

/** Writes all rows of a statement in a format. A file gets its name when it is complete. */
export async function exportRows(call: Call, wanted: Export): Promise<void> {
  if (wanted.output !== undefined) return exportToFile(call, wanted, wanted.output);
  if (!call.terminal.showsPeople) return writeRows(call, wanted, writeOut);
  if (wanted.format === "parquet" || wanted.format === "arrow") {
    throw usageError(`${wanted.format} is not for a terminal`, "give a file with --output, or use a pipe");
  }
  await writeRows(call, wanted, shownWriter(wanted.format));
}

/** Writes text to a terminal, without what a terminal would obey. */
function shownWriter(format: ExportFormat): Write {
  const decoder = new TextDecoder();
  const neutralise = format === "csv" ? neutraliseLines : neutraliseJson;
  return (data) =>
    writeOut(neutralise(typeof data === "string" ? data : decoder.decode(data, { stream: true })));
}

async function exportToFile(call: Call, wanted: Export, path: string): Promise<void> {
  await writeFileWhole(path, (write) => writeRows(call, wanted, write));
  call.terminal.note(`${path} is complete.`);
}

async function writeRows(
  call: Call,
  { sourceId, namespace, sql, format, maxRows, timeoutSeconds }: Export,
  write: Write,
): Promise<void> {
  const client = await call.client(ExecutionService);
  const request = create(StreamQueryRequestSchema, {
    sourceId,
    namespace,
    sql,
    format: formats[format],
    maxRows,
    timeout: { seconds: BigInt(timeoutSeconds) },
  });
  const list = format === "json" ? listWriter(write) : { write, end: async () => {} };
  for await (const { data } of client.streamQuery(request, { signal: call.signal })) await list.write(data);
  await list.end();
}

const lineEnd = 0x0a;

/** Makes a list of lines of JSON: a comma instead of each line end but the last. */
function listWriter(write: Write): { write(data: Uint8Array): Promise<void>; end(): Promise<void> } {
  let isFirst = true;
  let endsLine = false;
  return {
    async write(data) {
      if (data.length === 0) return;
      const start = isFirst ? "[" : endsLine ? ",\n" : "";
      isFirst = false;
      endsLine = data.at(-1) === lineEnd;
      const text = Buffer.from(endsLine ? data.subarray(0, -1) : data);
      await write(Buffer.concat([Buffer.from(start), joinLines(text)]));
    },
    end: () => write(isFirst ? "[]\n" : "]\n"),
  };
}

/** Puts a comma before each line end. A line end is never inside a value, because JSON escapes it there. */
function joinLines(text: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = text.indexOf(lineEnd); at >= 0; at = text.indexOf(lineEnd, from)) {
    parts.push(text.subarray(from, at), Buffer.from(",\n"));
    from = at + 1;
  }
  return Buffer.concat([...parts, text.subarray(from)]);
}
