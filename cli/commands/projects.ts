import {
  CreateProjectResponseSchema,
  DeleteProjectResponseSchema,
  FilestoreDestination_Format,
  GetProjectResponseSchema,
  PackageProjectResponseSchema,
  ProjectSchema,
  ProjectService,
  ProjectState,
  PublishProjectResponseSchema,
  ValidateProjectResponseSchema,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import {
  ApproveProjectResponseSchema,
  RejectProjectResponseSchema,
  RequestChangesResponseSchema,
  ReviewService,
  SubmitProjectResponseSchema,
} from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { type CommandGroup, command } from "../command/command.ts";
import { listCommand, printItems } from "../command/list.ts";
import { flag, many, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { decisionCommand } from "../projects/decide.ts";
import { events, reviews } from "../projects/history-commands.ts";
import { stepCommand } from "../projects/step-command.ts";
import { formatState, showSteps } from "../projects/steps.ts";
import { resolveProject } from "../resolve/resolve-project.ts";
import { resolveSource } from "../resolve/resolve-source.ts";
import { confirm } from "../terminal/confirm.ts";
import { printRecord } from "../terminal/record.ts";
import { formatSize, formatTime } from "../terminal/value.ts";
import { parseSelection } from "./stage.ts";
import { formatColumn, tableName } from "./tables.ts";

/** Packaging and publication go on after that; a repeated call waits again. */
const waitSeconds = 60;
const wait = { seconds: BigInt(waitSeconds) };

const list = listCommand({
  summary: "List the projects",
  examples: ["projects list", "projects list --namespace lab --order-by update_time"],
  service: ProjectService,
  method: ProjectService.method.listProjects,
  request: () => ({}),
  items: (response) => response.projects,
  columns: [
    { title: "id", value: ({ projectId }) => projectId },
    { title: "name", value: ({ displayName }) => displayName },
    { title: "state", value: ({ state }) => formatState(state) },
    { title: "updated", value: ({ updateTime }) => formatTime(updateTime) },
  ],
  id: ({ projectId }) => projectId,
});

const get = command({
  name: "get",
  summary: "Show a project, its state and its next step",
  args: ["<project>"],
  options: { manifest: flag("print the hash of its manifest only") },
  examples: ["projects get 'Seattle weather'", "projects get 'Seattle weather' --manifest"],
  async run(call, [project], { manifest }) {
    const projectId = await resolveProject(call, project);
    const response = await (await call.client(ProjectService)).getProject(
      { projectId },
      { signal: call.signal },
    );
    if (manifest) return call.terminal.print(response.project?.manifestSha256 ?? "");
    await call.show(GetProjectResponseSchema, response, () => {
      printRecord(call.terminal, ProjectSchema, response.project);
      if (response.project) showSteps(call.terminal, response.project);
    });
  },
});

const formats = { parquet: FilestoreDestination_Format.PARQUET, csv: FilestoreDestination_Format.CSV };

const create = command({
  name: "create",
  summary: "Describe a release: its source, tables, columns and destination",
  args: ["<name>"],
  options: {
    source: text("source", "name or id of the data source"),
    table: many("table:column,…", "a table, with all or some of its columns; can be repeated"),
    destination: text("name", "area that it is published to (default production)"),
    format: text("format", "format of the files (default parquet)", { choices: ["parquet", "csv"] }),
    approvals: whole("n", "number of users who have to approve it (default 1)", { min: 1, max: 10 }),
    quiet: flag("print the id only", { short: "q" }),
  },
  examples: ["projects create 'Seattle weather' --source weather --table weather:date,weather,temp_max"],
  async run(call, [displayName], { source, table, destination, format, approvals, quiet }) {
    if (source === undefined) throw usageError("the source is missing", "give it with --source");
    if (table.length === 0) throw usageError("there is no table", "give at least one --table");
    const filestore = {
      name: destination ?? "production",
      format: formats[format as keyof typeof formats] ?? FilestoreDestination_Format.PARQUET,
    };
    const project = {
      displayName,
      sourceId: await resolveSource(call, source),
      tables: table.map(parseSelection),
      destination: { kind: { case: "filestore" as const, value: filestore } },
      ...(approvals !== undefined && { policy: { approvalsRequired: approvals } }),
    };
    const response = await (await call.client(ProjectService)).createProject(
      { project },
      { signal: call.signal },
    );
    await call.show(CreateProjectResponseSchema, response, () => {
      if (quiet) return call.terminal.print(response.project?.projectId ?? "");
      printRecord(call.terminal, ProjectSchema, response.project);
      if (response.project) showSteps(call.terminal, response.project);
    });
  },
});

const validate = stepCommand({
  name: "validate",
  summary: "Validate a project against its source",
  schema: ValidateProjectResponseSchema,
  step: async (call, projectId) =>
    (await call.client(ProjectService)).validateProject({ projectId }, { signal: call.signal }),
  showResult: (call, { tables }) =>
    printItems(
      call,
      [
        { title: "table", value: (table: (typeof tables)[number]) => tableName(table) },
        {
          title: "columns",
          value: (table: (typeof tables)[number]) => table.columns.map(formatColumn).join(", "),
        },
      ],
      tables,
    ),
});

const pack = stepCommand({
  name: "package",
  summary: "Package the content of a project; the package has a hash",
  schema: PackageProjectResponseSchema,
  async step(call, projectId) {
    const client = await call.client(ProjectService);
    for (;;) {
      const response = await client.packageProject({ projectId, wait }, { signal: call.signal });
      // A call during packaging waits for the same package.
      if (response.project?.state !== ProjectState.VALIDATED || response.project.errorMessage)
        return response;
      call.terminal.note("Still packaging…");
    }
  },
  showResult(call, { files, project }) {
    printItems(
      call,
      [
        { title: "file", value: ({ path }: (typeof files)[number]) => path },
        {
          title: "size",
          align: "right",
          value: ({ sizeBytes }: (typeof files)[number]) => formatSize(sizeBytes),
        },
        { title: "sha256", value: ({ sha256 }: (typeof files)[number]) => sha256 },
      ],
      files,
    );
    call.terminal.note(`Manifest ${project?.manifestSha256}`);
  },
});

const submit = stepCommand({
  name: "submit",
  summary: "Submit a packaged project for review",
  schema: SubmitProjectResponseSchema,
  step: async (call, projectId) =>
    (await call.client(ReviewService)).submitProject({ projectId }, { signal: call.signal }),
});

const approve = decisionCommand({
  name: "approve",
  summary: "Approve a project in review, as another user than its author",
  verb: "Approve",
  schema: ApproveProjectResponseSchema,
  decide: async (call, decision) =>
    (await call.client(ReviewService)).approveProject(decision, { signal: call.signal }),
});

const reject = decisionCommand({
  name: "reject",
  summary: "Reject a project in review",
  verb: "Reject",
  schema: RejectProjectResponseSchema,
  decide: async (call, decision) =>
    (await call.client(ReviewService)).rejectProject(decision, { signal: call.signal }),
});

const requestChanges = decisionCommand({
  name: "request-changes",
  summary: "Request changes of a project in review",
  verb: "Request changes of",
  schema: RequestChangesResponseSchema,
  decide: async (call, decision) =>
    (await call.client(ReviewService)).requestChanges(decision, { signal: call.signal }),
});

const publish = stepCommand({
  name: "publish",
  summary: "Publish an approved project, exactly once",
  details: "A repeated command returns the same files.",
  schema: PublishProjectResponseSchema,
  async step(call, projectId) {
    const client = await call.client(ProjectService);
    for (;;) {
      const response = await client.publishProject({ projectId, wait }, { signal: call.signal });
      if (response.project?.state !== ProjectState.PUBLISHING) return response;
      call.terminal.note("Still publishing…");
    }
  },
  showResult: (call, { published }) =>
    printItems(
      call,
      [
        { title: "dataset", value: ({ datasetId }: (typeof published)[number]) => datasetId },
        { title: "file", value: ({ fileId }: (typeof published)[number]) => fileId },
        { title: "path", value: ({ path }: (typeof published)[number]) => path },
        { title: "sha256", value: ({ sha256 }: (typeof published)[number]) => sha256 },
      ],
      published,
    ),
});

const remove = command({
  name: "delete",
  summary: "Remove a project that is not published",
  args: ["<project>"],
  options: { yes: flag("do not ask", { short: "y" }) },
  examples: ["projects delete 'Seattle weather'"],
  async run(call, [project], { yes }) {
    const projectId = await resolveProject(call, project);
    await confirm(call, `Remove the project ${project}?`, yes);
    const response = await (await call.client(ProjectService)).deleteProject(
      { projectId },
      { signal: call.signal },
    );
    await call.show(DeleteProjectResponseSchema, response, () => call.terminal.note("Removed."));
  },
});

export const projects: CommandGroup = {
  name: "projects",
  summary: "Releases and their review",
  commands: [
    list,
    get,
    create,
    validate,
    pack,
    submit,
    approve,
    reject,
    requestChanges,
    publish,
    reviews,
    events,
    remove,
  ],
};
