import { neutralise } from "../terminal/neutralise.ts";
import { formatFlow, type Graph, kindOf } from "./graph.ts";

// Names come from strangers. Nodes get names of our own, so that theirs occur in labels only.

/** A Mermaid flowchart. */
export const mermaidLines = (graph: Graph, columns: boolean): string[] => [
  "flowchart LR",
  ...graph.nodes.map((node, index) => {
    const label = `"${escapeMermaid(`${kindOf(node)} ${node.name}`)}"`;
    return kindOf(node) === "job" ? `  n${index}([${label}])` : `  n${index}[${label}]`;
  }),
  ...arrowsOf(graph, columns).map(({ from, to, flows }) =>
    flows.length === 0
      ? `  n${from} --> n${to}`
      : `  n${from} -->|"${flows.map(escapeMermaid).join("<br>")}"| n${to}`,
  ),
];

/** A digraph of Graphviz. */
export const dotLines = (graph: Graph, columns: boolean): string[] => [
  "digraph lineage {",
  "  rankdir=LR",
  ...graph.nodes.map((node, index) => {
    const shape = kindOf(node) === "job" ? "ellipse" : "box";
    return `  n${index} [shape=${shape}, label="${escapeDot(`${kindOf(node)} ${node.name}`)}"]`;
  }),
  ...arrowsOf(graph, columns).map(({ from, to, flows }) => {
    const label = flows.length === 0 ? "" : ` [label="${flows.map(escapeDot).join("\\n")}"]`;
    return `  n${from} -> n${to}${label}`;
  }),
  "}",
];

function arrowsOf({ nodes, edges }: Graph, columns: boolean) {
  const places = new Map(nodes.map(({ entityId }, index) => [entityId, index]));
  return edges.flatMap((edge) => {
    const [from, to] = [places.get(edge.fromEntityId), places.get(edge.toEntityId)];
    if (from === undefined || to === undefined) return [];
    return [{ from, to, flows: columns ? edge.columns.map(formatFlow) : [] }];
  });
}

/** Letters, digits and what no syntax of Mermaid, Markdown or HTML uses stay; others become entities of Mermaid. */
const escapeMermaid = (text: string): string =>
  neutralise(text).replace(/[^\p{L}\p{N} .,:/→-]/gu, (character) => `#${character.codePointAt(0)};`);

/** In a quoted string of DOT, a backslash begins a sequence such as `\N`, and a quote ends it. */
const escapeDot = (text: string): string =>
  neutralise(text).replace(/["\\]/g, (character) => `\\${character}`);
