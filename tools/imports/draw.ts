import { readFile, writeFile } from "node:fs/promises";
import { type Import, readImports } from "./read-imports.ts";
import { drawRooms, roomArrows } from "./rooms.ts";

const page = "docs/architecture.md";
const drawing = /(<!-- rooms of (\S+) -->\n+```text\n).*?(?=\n```)/gs;

/** Redraws the rooms of every folder that a page marks with `rooms of`. */
export const redraw = (text: string, imports: readonly Import[]): string =>
  text.replace(drawing, (_, head: string, folder: string) => head + drawRooms(roomArrows(imports, folder)));

if (import.meta.main) {
  await writeFile(page, redraw(await readFile(page, "utf8"), await readImports(process.cwd())));
}
