import type { SourcePreview } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { showRows } from "../query/show-rows.ts";
import { neutralise } from "../terminal/neutralise.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { formatCount } from "../terminal/value.ts";

/** Shows how a source is read: its rows, the detected settings and the problems. */
export function showPreview(terminal: Terminal, preview: SourcePreview | undefined): void {
  if (!preview) return;
  if (preview.readable) showRows(terminal, preview.columns, preview.rows);
  const count = preview.rowCount === undefined ? "" : ` of ${formatCount(preview.rowCount)}`;
  if (preview.readable)
    terminal.note(`${formatCount(preview.rows.length)}${count} rows of ${preview.tableName}`);
  const settings = Object.entries(preview.settings ?? {});
  if (settings.length > 0) {
    terminal.note("");
    for (const [name, value] of settings) terminal.note(neutralise(`${name} = ${JSON.stringify(value)}`));
  }
  for (const { line, column, message } of preview.problems) {
    const at = [line > 0n ? `line ${line}` : "", column ? `column ${column}` : ""].filter(Boolean).join(", ");
    terminal.note(
      `${terminal.noteStyle("problem:", "yellow")} ${neutralise(at ? `${at}: ${message}` : message)}`,
    );
  }
}
