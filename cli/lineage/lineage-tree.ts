import { neutralise } from "../terminal/neutralise.ts";
import { formatTree, type TreeNode } from "../terminal/tree.ts";
import { formatFlow, type Graph, kindOf } from "./graph.ts";

type Direction = "upstream" | "downstream";

/** Lines of the tree below an entity. */
export const lineageTree = (
  entityId: string,
  graph: Graph,
  direction: Direction,
  columns: boolean,
): string[] => formatTree(treeOf({ graph, direction, columns, seen: new Set() }, entityId, []));

type Drawing = {
  readonly graph: Graph;
  readonly direction: Direction;
  readonly columns: boolean;
  readonly seen: Set<string>;
};

/** The tree below an entity. One that stands above already is not followed again. */
function treeOf(drawing: Drawing, entityId: string, flow: readonly string[]): TreeNode {
  const { graph, direction, columns, seen } = drawing;
  const label = labelOf(graph, entityId);
  if (seen.has(entityId)) return { label: `${label} (see above)`, children: [] };
  seen.add(entityId);
  const below = graph.edges.flatMap((edge) => {
    const [here, there] =
      direction === "upstream" ? [edge.toEntityId, edge.fromEntityId] : [edge.fromEntityId, edge.toEntityId];
    return here === entityId ? [{ id: there, flow: columns ? edge.columns.map(formatFlow) : [] }] : [];
  });
  const texts = flow.map((line) => ({ label: line, children: [] }));
  return { label, children: [...texts, ...below.map((one) => treeOf(drawing, one.id, one.flow))] };
}

function labelOf({ nodes }: Graph, entityId: string): string {
  const node = nodes.find((one) => one.entityId === entityId);
  return node ? neutralise(`${kindOf(node)} ${node.name}  ${node.entityId}`) : entityId;
}
