/** A node of a tree: lines of text, and the nodes below. */
export type TreeNode = { readonly label: string; readonly children: readonly TreeNode[] };

/** Lines of a tree, drawn with branches. */
export function formatTree({ label, children }: TreeNode): string[] {
  return [label, ...children.flatMap((child, at) => branch(formatTree(child), at === children.length - 1))];
}

const branch = ([first = "", ...rest]: string[], isLast: boolean): string[] => [
  `${isLast ? "└── " : "├── "}${first}`,
  ...rest.map((line) => `${isLast ? "    " : "│   "}${line}`),
];
