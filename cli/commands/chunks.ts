import { mkdir } from "node:fs/promises";
import { type Chunk, FileFormat, StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand, readAll } from "../command/list.ts";
import { flag, many, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { formatCount, formatSize } from "../terminal/value.ts";
import { downloadAll } from "../transfer/download-all.ts";
import { retriesDefault } from "../transfer/retry-limits.ts";

const exampleId = "01976f3e-0000-7000-8000-000000000000";

const list = listCommand({
  summary: "List the chunks of a staging job",
  args: ["<job-id>"],
  examples: [`chunks list ${exampleId}`],
  service: StagingService,
  method: StagingService.method.listChunks,
  request: (_call, [jobId]) => ({ jobId }),
  items: (response) => response.chunks,
  columns: [
    { title: "index", align: "right", value: ({ index }) => String(index) },
    {
      title: "table",
      value: ({ schemaName, tableName }) => [schemaName, tableName].filter(Boolean).join("."),
    },
    { title: "rows", align: "right", value: ({ rowCount }) => formatCount(rowCount) },
    { title: "size", align: "right", value: ({ sizeBytes }) => formatSize(sizeBytes) },
    { title: "sha256", value: ({ sha256 }) => sha256 },
  ],
  id: ({ fileId }) => fileId,
});

const get = command({
  name: "get",
  summary: "Download the chunks of a staging job, and verify them",
  details: "A repeated command continues where the last one stopped.",
  args: ["<job-id>"],
  options: {
    index: many("n", "only this chunk; can be repeated"),
    output: text("folder", "folder for the files; made if it does not exist", { short: "o" }),
    force: flag("replace existing files", { short: "f" }),
    parallel: whole("n", "files at the same time (default 4)", { min: 1, max: 32 }),
  },
  examples: [`chunks get ${exampleId} -o training/`, `chunks get ${exampleId} --index 0`],
  async run(call, [jobId], { index, output, force, parallel }) {
    const { listChunks } = StagingService.method;
    const chunks = await readAll(call, StagingService, listChunks, { jobId }, (page) => page.chunks);
    const chosen =
      index.length === 0 ? chunks : chunks.filter((chunk) => index.includes(String(chunk.index)));
    if (chosen.length === 0) {
      throw usageError("the job has no such chunk", `\`sluice chunks list ${jobId}\` shows what there is`);
    }
    const { job } = await (await call.client(StagingService)).getJob({ jobId }, { signal: call.signal });
    const extension = job?.format === FileFormat.CSV ? "csv" : "parquet";
    if (output !== undefined) await mkdir(output, { recursive: true });
    const files = chosen.map((chunk) => ({ ...chunk, name: nameOf(chunk, extension) }));
    await downloadAll(call, files, { output, force, limit: parallel ?? 4, retriesMax: retriesDefault });
  },
});

/** The names sort in the order of the chunks. */
const nameOf = ({ schemaName, tableName, index }: Chunk, extension: string): string =>
  `${[schemaName, tableName].filter(Boolean).join(".")}-${String(index).padStart(5, "0")}.${extension}`;

export const chunks: CommandGroup = {
  name: "chunks",
  summary: "The files of a staging job",
  commands: [list, get],
};
