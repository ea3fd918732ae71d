import { ProjectService } from "../../gen/sluice/approval/v1/projects_pb.ts";
import {
  GetDownstreamResponseSchema,
  GetUpstreamResponseSchema,
  type LineageEdge,
  LineageKindSchema,
  type LineageNode,
  LineageService,
} from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { flag, text, whole } from "../command/options.ts";
import { CommandError } from "../failures/command-error.ts";
import { isId } from "../resolve/resolve-id.ts";
import { resolveProject } from "../resolve/resolve-project.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { formatTree, type TreeNode } from "../terminal/tree.ts";
import { formatEnum } from "../terminal/value.ts";

type Direction = "upstream" | "downstream";
type Graph = { nodes: readonly LineageNode[]; edges: readonly LineageEdge[]; truncated: boolean };

export const lineage = command({
  name: "lineage",
  summary: "Show what an entity is made of, as a tree",
  details:
    "An entity is the id of a table of the catalog, an execution, a job or a published data set, or the name of a published project.",
  args: ["<entity>"],
  options: {
    direction: text("direction", "upstream: what it is made of (default); downstream: what is made of it", {
      choices: ["upstream", "downstream"],
    }),
    depth: whole("n", "maximum distance (default 20)", { min: 1, max: 100 }),
    columns: flag("show the columns of each step"),
  },
  examples: [
    "lineage 'Seattle weather'",
    "lineage 01976f3e-0000-7000-8000-000000000000 --direction downstream --columns",
  ],
  async run(call, [entity], { direction, depth, columns }) {
    const client = await call.client(LineageService);
    for (const entityId of isId(entity) ? [entity] : await publishedBy(call, entity)) {
      const request = { entityId, depth: depth ?? 0 };
      if (direction === "downstream") {
        const response = await client.getDownstream(request, { signal: call.signal });
        const show = () => showGraph(call, entityId, response, "downstream", columns);
        await call.show(GetDownstreamResponseSchema, response, show);
      } else {
        const response = await client.getUpstream(request, { signal: call.signal });
        const show = () => showGraph(call, entityId, response, "upstream", columns);
        await call.show(GetUpstreamResponseSchema, response, show);
      }
    }
  },
});

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

function showGraph(call: Call, entityId: string, graph: Graph, direction: Direction, columns: boolean): void {
  const seen = new Set<string>();
  for (const line of formatTree(treeOf(entityId, graph, direction, columns, seen, [])))
    call.terminal.print(line);
  if (graph.truncated) call.terminal.note("There is more: --depth goes further.");
}

/** The tree below an entity. One that stands above already is not followed again. */
function treeOf(
  entityId: string,
  graph: Graph,
  direction: Direction,
  columns: boolean,
  seen: Set<string>,
  flow: readonly string[],
): TreeNode {
  const label = labelOf(
    graph.nodes.find((node) => node.entityId === entityId),
    entityId,
  );
  if (seen.has(entityId)) return { label: `${label} (see above)`, children: [] };
  seen.add(entityId);
  const below = graph.edges.flatMap((edge) => {
    const [here, there] =
      direction === "upstream" ? [edge.toEntityId, edge.fromEntityId] : [edge.fromEntityId, edge.toEntityId];
    return here === entityId ? [{ id: there, flow: columns ? edge.columns.map(formatFlow) : [] }] : [];
  });
  const texts = flow.map((line) => ({ label: line, children: [] }));
  const children = below.map((one) => treeOf(one.id, graph, direction, columns, seen, one.flow));
  return { label, children: [...texts, ...children] };
}

function labelOf(node: LineageNode | undefined, entityId: string): string {
  if (!node) return entityId;
  return neutralise(`${formatEnum(LineageKindSchema, node.kind)} ${node.name}  ${node.entityId}`);
}

const formatFlow = ({ fromColumn, toColumn, transformation }: LineageEdge["columns"][number]): string =>
  neutralise(
    `${fromColumn} → ${toColumn}${transformation && transformation !== "IDENTITY" ? ` (${transformation.toLowerCase()})` : ""}`,
  );
