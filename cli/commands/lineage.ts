import { ProjectService } from "../../gen/sluice/approval/v1/projects_pb.ts";
import {
  GetDownstreamResponseSchema,
  GetLineageResponseSchema,
  GetUpstreamResponseSchema,
  LineageService,
} from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { flag, text, whole } from "../command/options.ts";
import { printJson } from "../command/print-json.ts";
import { CommandError, usageError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import { dotLines, mermaidLines } from "../lineage/diagrams.ts";
import type { Graph } from "../lineage/graph.ts";
import { lineageTree } from "../lineage/lineage-tree.ts";
import { isId } from "../resolve/resolve-id.ts";
import { resolveProject } from "../resolve/resolve-project.ts";

type Direction = "upstream" | "downstream" | "both";

export const lineage = command({
  name: "lineage",
  summary: "Show what an entity is made of, as a tree or a diagram",
  details:
    "An entity is the id of a table of the catalog, an execution, a job or a published data set, or the name of a published project.",
  args: ["<entity>"],
  options: {
    direction: text(
      "direction",
      "upstream: what it is made of (default); downstream: what is made of it; both",
      { choices: ["upstream", "downstream", "both"] },
    ),
    depth: whole("n", "maximum distance (default 20)", { min: 1, max: 100 }),
    column: text("name", "follow this column only"),
    columns: flag("show the columns of each step"),
    openlineage: text("namespace", "the entity is a name in this namespace of OpenLineage"),
    format: text("format", "tree (default), json, or a diagram as mermaid or dot", {
      choices: ["tree", "json", "mermaid", "dot"],
    }),
  },
  examples: [
    "lineage 'Seattle weather'",
    "lineage 01976f3e-0000-7000-8000-000000000000 --direction downstream --columns",
    "lineage shop.public.orders --openlineage postgres://db.example.com:5432 --direction both --format mermaid",
  ],
  async run(
    call,
    [entity],
    { direction = "upstream", depth = 0, column, columns, openlineage, format = "tree" },
  ) {
    if (format !== "tree" && format !== "json" && call.json)
      throw usageError("--json and --format exclude each other");
    const entityIds = await entitiesOf(call, entity, openlineage);
    if (entityIds.length > 1 && (format === "mermaid" || format === "dot"))
      throw usageError(`${entity} is ${entityIds.length} entities: a diagram shows one, by its id`);
    for (const entityId of entityIds) {
      const request = { entityId, depth, column: column ?? "" };
      const { schema, graph } = await readGraph(call, request, direction as Direction);
      if (format === "json" || call.json) await printJson(call.terminal, schema, graph);
      else showGraph(call, entityId, graph, { direction: direction as Direction, columns, format });
    }
  },
});

async function readGraph(
  call: Call,
  request: { entityId: string; depth: number; column: string },
  direction: Direction,
) {
  const client = await call.client(LineageService);
  const options = { signal: call.signal };
  switch (direction) {
    case "upstream":
      return { schema: GetUpstreamResponseSchema, graph: await client.getUpstream(request, options) };
    case "downstream":
      return { schema: GetDownstreamResponseSchema, graph: await client.getDownstream(request, options) };
    case "both":
      return { schema: GetLineageResponseSchema, graph: await client.getLineage(request, options) };
  }
}

/** Ids of the entity: it is an id, a name of OpenLineage, or the data sets that a project has published. */
async function entitiesOf(call: Call, entity: string, openlineage: string | undefined): Promise<string[]> {
  if (openlineage !== undefined) return namedIn(call, openlineage, entity);
  return isId(entity) ? [entity] : publishedBy(call, entity);
}

async function namedIn(call: Call, namespace: string, name: string): Promise<string[]> {
  const client = await call.client(LineageService);
  const { nodes } = await client.findEntities({ namespace, name }, { signal: call.signal });
  if (nodes.length > 0) return nodes.map(({ entityId }) => entityId);
  throw new CommandError(`the lineage has no ${name} in the namespace ${namespace}`, {
    exitCode: exitCodes.notFound,
  });
}

/** The data sets that a project has published. */
async function publishedBy(call: Call, name: string): Promise<string[]> {
  const projectId = await resolveProject(call, name);
  const { project } = await (await call.client(ProjectService)).getProject(
    { projectId },
    { signal: call.signal },
  );
  const ids = new Set(project?.published.map(({ datasetId }) => datasetId));
  if (ids.size > 0) return [...ids];
  throw new CommandError(`the project ${name} is not published yet`, {
    advice: `\`sluice projects get ${projectId}\` shows the next step`,
  });
}

function showGraph(
  call: Call,
  entityId: string,
  graph: Graph,
  { direction, columns, format }: { direction: Direction; columns: boolean; format: string },
): void {
  for (const line of linesOf()) call.terminal.print(line);
  if (graph.truncated) call.terminal.note("There is more: --depth goes further.");

  function linesOf(): string[] {
    if (format === "mermaid") return mermaidLines(graph, columns);
    if (format === "dot") return dotLines(graph, columns);
    if (direction !== "both") return lineageTree(entityId, graph, direction, columns);
    return [
      "Made of:",
      ...lineageTree(entityId, graph, "upstream", columns),
      "Used by:",
      ...lineageTree(entityId, graph, "downstream", columns),
    ];
  }
}
