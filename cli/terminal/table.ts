import { neutralise } from "./neutralise.ts";
import type { Terminal } from "./terminal.ts";
import { pad, shorten, textWidth } from "./width.ts";

export type TableColumn = { readonly title: string; readonly align?: "left" | "right" };

const gap = "  ";
/** A column that is shortened keeps at least this width. */
const widthMin = 8;

/**
 * Lines of a table: a header and a line for each row. Columns are shortened, the widest first, until the lines fit into the terminal. Cells
 * are neutralised here.
 */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { width, style }: Pick<Terminal, "width" | "style">,
): string[] {
  const titles = columns.map(({ title }) => neutralise(title));
  const cells = rows.map((row) => columns.map((_, at) => neutralise(row[at] ?? "")));
  const natural = titles.map((title, at) =>
    cells.reduce((widest, row) => Math.max(widest, textWidth(row[at] ?? "")), textWidth(title)),
  );
  const widths = fitWidths(natural, width - gap.length * (columns.length - 1));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => {
        const columnWidth = widths[at] ?? 0;
        return pad(shorten(cell, columnWidth), columnWidth, columns[at]?.align);
      })
      .join(gap)
      .trimEnd();
  return [style(line(titles), "bold"), ...cells.map(line)];
}

/** Shortens the widest columns until the sum fits, as far as it can. */
function fitWidths(natural: readonly number[], available: number): number[] {
  const floors = natural.map((width) => Math.min(width, widthMin));
  let cap = Math.max(0, ...natural);
  const widthsAt = (limit: number) =>
    natural.map((width, at) => Math.max(floors[at] ?? 0, Math.min(width, limit)));
  const sum = (widths: readonly number[]) => widths.reduce((total, width) => total + width, 0);
  if (sum(natural) <= available) return [...natural];
  let low = 0;
  while (low < cap) {
    const middle = Math.ceil((low + cap) / 2);
    if (sum(widthsAt(middle)) <= available) low = middle;
    else cap = middle - 1;
  }
  return widthsAt(low);
}
