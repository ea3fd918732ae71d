import { EngineFailure } from "../../engine-failure.ts";
import { type DateKind, dateKindOf, isBuiltInDate } from "./number-format.ts";
import type { Package } from "./open-package.ts";
import { parseWhole } from "./parse-xml.ts";

const stylesMax = 100_000;

/** What the numbers of each style of cells are: dates, times, or undefined for numbers. */
export async function readStyles(
  file: Package,
  part: string | undefined,
): Promise<readonly (DateKind | undefined)[]> {
  if (part === undefined || !file.has(part)) return [];
  const formats = new Map<number, string>();
  const styles: number[] = [];
  // Formats of conditions, in dxfs, have ids of their own.
  let list: string | undefined;
  await parseWhole(part, file.read(part), {
    open(name, attribute) {
      if (name === "numFmts" || name === "cellXfs") list = name;
      if (name === "numFmt" && list === "numFmts") {
        formats.set(Number(attribute("numFmtId")), attribute("formatCode") ?? "");
      }
      if (name === "xf" && list === "cellXfs") styles.push(Number(attribute("numFmtId") ?? 0));
      if (Math.max(styles.length, formats.size) > stylesMax) throw tooMany();
    },
    close(name) {
      if (name === list) list = undefined;
    },
  });
  return styles.map((id) => {
    const format = formats.get(id);
    return format === undefined ? isBuiltInDate(id) : dateKindOf(format);
  });
}

const tooMany = () =>
  new EngineFailure("sourceDataInvalid", `the workbook can't be read: it has more than ${stylesMax} styles`);
