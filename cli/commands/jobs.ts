import {
  CancelJobResponseSchema,
  DeleteJobResponseSchema,
  GetJobResponseSchema,
  type GetManifestResponse,
  GetManifestResponseSchema,
  JobSchema,
  PauseJobResponseSchema,
  ResumeJobResponseSchema,
  StagingService,
} from "../../gen/sluice/staging/v1/jobs_pb.ts";
import type { Call } from "../command/call.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand } from "../command/list.ts";
import { flag } from "../command/options.ts";
import { describeTables, formatProgress, formatState } from "../jobs/show-job.ts";
import { reportEnd, watchJob } from "../jobs/watch-job.ts";
import { confirm } from "../terminal/confirm.ts";
import { printLines, printRecord } from "../terminal/record.ts";
import { formatCount, formatSize, formatTime } from "../terminal/value.ts";
import { formatColumn, tableName } from "./tables.ts";

const exampleId = "01976f3e-0000-7000-8000-000000000000";

const list = listCommand({
  summary: "List the staging jobs",
  examples: ["jobs list", "jobs list --namespace lab --show-total"],
  service: StagingService,
  method: StagingService.method.listJobs,
  request: () => ({}),
  items: (response) => response.jobs,
  columns: [
    { title: "id", value: ({ jobId }) => jobId },
    { title: "state", value: ({ state }) => formatState(state) },
    { title: "tables", value: describeTables },
    { title: "progress", value: formatProgress },
    { title: "created", value: ({ createTime }) => formatTime(createTime) },
  ],
  id: ({ jobId }) => jobId,
});

const get = command({
  name: "get",
  summary: "Show a staging job",
  args: ["<job-id>"],
  examples: [`jobs get ${exampleId}`],
  async run(call, [jobId]) {
    const response = await (await call.client(StagingService)).getJob({ jobId }, { signal: call.signal });
    await call.show(GetJobResponseSchema, response, () =>
      printRecord(call.terminal, JobSchema, response.job),
    );
  },
});

const watch = command({
  name: "watch",
  summary: "Watch a staging job until it has ended",
  args: ["<job-id>"],
  examples: [`jobs watch ${exampleId}`],
  async run(call, [jobId]) {
    reportEnd(call, await watchJob(call, jobId, { printEach: call.json }));
  },
});

const cancel = command({
  name: "cancel",
  summary: "Cancel a staging job, and remove its chunks",
  args: ["<job-id>"],
  examples: [`jobs cancel ${exampleId}`],
  async run(call, [jobId]) {
    const response = await (await call.client(StagingService)).cancelJob({ jobId }, { signal: call.signal });
    await call.show(CancelJobResponseSchema, response, () => call.terminal.note("Cancelled."));
  },
});

const pause = command({
  name: "pause",
  summary: "Pause a staging job",
  args: ["<job-id>"],
  examples: [`jobs pause ${exampleId}`],
  async run(call, [jobId]) {
    const response = await (await call.client(StagingService)).pauseJob({ jobId }, { signal: call.signal });
    await call.show(PauseJobResponseSchema, response, () => call.terminal.note("Paused."));
  },
});

const resume = command({
  name: "resume",
  summary: "Resume a paused staging job",
  args: ["<job-id>"],
  examples: [`jobs resume ${exampleId}`],
  async run(call, [jobId]) {
    const response = await (await call.client(StagingService)).resumeJob({ jobId }, { signal: call.signal });
    await call.show(ResumeJobResponseSchema, response, () => call.terminal.note("Resumed."));
  },
});

const manifest = command({
  name: "manifest",
  summary: "Show the manifest of a job: its tables, columns, files and hashes",
  args: ["<job-id>"],
  examples: [`jobs manifest ${exampleId}`],
  async run(call, [jobId]) {
    const response = await (await call.client(StagingService)).getManifest(
      { jobId },
      { signal: call.signal },
    );
    await call.show(GetManifestResponseSchema, response, () => showManifest(call, response));
  },
});

function showManifest(call: Call, { manifest: found, sha256, url }: GetManifestResponse): void {
  const { snapshot = "", snapshotTime, tables = [] } = found ?? {};
  printLines(call.terminal, [
    { name: "snapshot", value: `${snapshot} of ${formatTime(snapshotTime)}` },
    { name: "manifest", value: `${sha256}  ${url}` },
  ]);
  for (const table of tables) {
    call.terminal.print("");
    printLines(call.terminal, [
      { name: "table", value: `${tableName(table)}, ${formatCount(table.rowCount)} rows` },
      { name: "columns", value: table.columns.map(formatColumn).join(", ") },
      ...table.files.map((file) => ({
        name: `file ${file.index}`,
        value: `${file.sha256}  ${formatSize(file.sizeBytes)}`,
      })),
    ]);
  }
}

const remove = command({
  name: "delete",
  summary: "Remove a staging job and its chunks",
  args: ["<job-id>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: [`jobs delete ${exampleId} --yes`],
  async run(call, [jobId], { yes }) {
    await confirm(call, `Remove the job ${jobId} and its chunks?`, yes);
    const response = await (await call.client(StagingService)).deleteJob({ jobId }, { signal: call.signal });
    await call.show(DeleteJobResponseSchema, response, () => call.terminal.note("Removed."));
  },
});

export const jobs: CommandGroup = {
  name: "jobs",
  summary: "Staging jobs",
  commands: [list, get, watch, cancel, pause, resume, manifest, remove],
};
