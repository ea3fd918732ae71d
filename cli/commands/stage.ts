import { create } from "@bufbuild/protobuf";
import {
  CreateJobResponseSchema,
  FileFormat,
  GetJobResponseSchema,
  StagingService,
} from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { command } from "../command/command.ts";
import { flag, many, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { reportEnd, watchJob } from "../jobs/watch-job.ts";
import { resolveSource } from "../resolve/resolve-source.ts";

const formats = { parquet: FileFormat.PARQUET, csv: FileFormat.CSV };

export const stage = command({
  name: "stage",
  summary: "Stage tables to Parquet or CSV, and watch it",
  details:
    "All files come from one consistent snapshot of the source. Ctrl-C asks whether to cancel the job; without a terminal it goes on.",
  args: ["<source>", "[tables...]"],
  options: {
    columns: many("table:column,…", "a table with some of its columns; can be repeated"),
    format: text("format", "format of the files (default parquet)", { choices: ["parquet", "csv"] }),
    chunkRows: whole("n", "rows of a chunk (default 1,000,000)", { min: 1000, max: 100_000_000 }),
    detach: flag("start the job, and do not watch it", { short: "d" }),
    quiet: flag("print the job's id only", { short: "q" }),
  },
  examples: [
    "stage weather weather",
    "stage shop public.orders public.customers --chunk-rows 250000",
    "stage shop --columns orders:id,total --format csv --detach",
  ],
  async run(call, [source, tables], { columns, format, chunkRows, detach, quiet }) {
    if (tables.length + columns.length === 0) {
      throw usageError("there is no table to stage", "`sluice tables <source>` lists them");
    }
    const client = await call.client(StagingService);
    const job = {
      sourceId: await resolveSource(call, source),
      tables: [...tables],
      selections: columns.map(parseSelection),
      format: formats[format as keyof typeof formats] ?? FileFormat.UNSPECIFIED,
      chunkRows: BigInt(chunkRows ?? 0),
    };
    const created = await client.createJob({ job }, { signal: call.signal });
    const jobId = created.job?.jobId ?? "";
    if (detach && call.json) return call.show(CreateJobResponseSchema, created, () => {});
    if (quiet) call.terminal.print(jobId);
    else if (!call.json) call.terminal.note(`Job ${jobId}`);
    if (detach) return;
    const ended = await watchJob(call, jobId);
    await call.show(GetJobResponseSchema, create(GetJobResponseSchema, { job: ended }), () => {});
    reportEnd(call, ended);
    if (!quiet && !call.json) call.terminal.note(`Next: sluice chunks get ${jobId}`);
  },
});

/** `table:column,column` or `schema.table:column`. */
export function parseSelection(text: string): { schemaName: string; name: string; columns: string[] } {
  const [, schemaName = "", name, columns] = /^(?:([^.:]+)\.)?([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (name === undefined) throw usageError(`${text} is not a table`, "write table, or table:column,column");
  return { schemaName, name, columns: columns?.split(",") ?? [] };
}
