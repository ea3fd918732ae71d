import { posix } from "node:path";
import { EngineFailure } from "../../engine-failure.ts";
import type { Package } from "./open-package.ts";
import { parseWhole } from "./parse-xml.ts";

/** The parts of a workbook that its table needs. */
export type Workbook = {
  readonly sheetName: string;
  readonly sheetPart: string;
  readonly stylesPart: string | undefined;
  readonly stringsPart: string | undefined;
  /** Whether days are counted from 1904. */
  readonly is1904: boolean;
};

type Sheet = { readonly name: string; readonly relation: string; readonly isVisible: boolean };
type Relation = { readonly type: string; readonly part: string };

const macroPart = "xl/vbaProject.bin";
const sheetsMax = 10_000;
const namesShown = 10;

/** Finds the sheet that the settings name, or the first visible one. Fails with EngineFailure. */
export async function readWorkbook(file: Package, sheetName: string | undefined): Promise<Workbook> {
  if (file.has(macroPart)) throw invalid("it has macros: save it as .xlsx, which has none");
  const main = [...(await readRelations(file, "")).values()].find(({ type }) => type === "officeDocument");
  if (!main) throw invalid("it is a zip, but no workbook");
  if (main.part.endsWith(".bin")) throw invalid("it is a binary workbook: save it as .xlsx");
  const { sheets, is1904 } = await readSheets(file, main.part);
  const relations = await readRelations(file, main.part);
  const tables = sheets.filter(({ relation }) => relations.get(relation)?.type === "worksheet");
  const chosen =
    sheetName === undefined
      ? (tables.find(({ isVisible }) => isVisible) ?? tables[0])
      : tables.find(({ name }) => name === sheetName);
  const sheetPart = chosen && relations.get(chosen.relation)?.part;
  if (!chosen || sheetPart === undefined) throw noSheet(sheetName, tables);
  const partOf = (type: string) => [...relations.values()].find((one) => one.type === type)?.part;
  return {
    sheetName: chosen.name,
    sheetPart,
    stylesPart: partOf("styles"),
    stringsPart: partOf("sharedStrings"),
    is1904,
  };
}

async function readSheets(file: Package, part: string): Promise<{ sheets: Sheet[]; is1904: boolean }> {
  const sheets: Sheet[] = [];
  let is1904 = false;
  await parseWhole(part, file.read(part), {
    open(name, attribute) {
      if (name === "workbookPr") is1904 = /^(1|true|on)$/.test(attribute("date1904") ?? "");
      if (name !== "sheet") return;
      if (sheets.length >= sheetsMax) throw invalid(`it has more than ${sheetsMax} sheets`);
      sheets.push({
        name: attribute("name") ?? "",
        relation: attribute("id") ?? "",
        isVisible: (attribute("state") ?? "visible") === "visible",
      });
    },
  });
  return { sheets, is1904 };
}

/** Relations of a part by their ids; those of the package itself for an empty name. */
async function readRelations(file: Package, part: string): Promise<Map<string, Relation>> {
  const { dir, base } = posix.parse(part);
  const name = posix.join(dir, "_rels", `${base}.rels`);
  const relations = new Map<string, Relation>();
  if (!file.has(name)) return relations;
  await parseWhole(name, file.read(name), {
    open(element, attribute) {
      if (element !== "Relationship" || attribute("TargetMode") === "External") return;
      const target = attribute("Target") ?? "";
      relations.set(attribute("Id") ?? "", {
        type: (attribute("Type") ?? "").split("/").at(-1) ?? "",
        part: posix
          .join("/", dir, target.startsWith("/") ? posix.relative(`/${dir}`, target) : target)
          .slice(1),
      });
    },
  });
  return relations;
}

function noSheet(wanted: string | undefined, tables: readonly Sheet[]): EngineFailure {
  if (wanted === undefined) return invalid("it has no sheet with cells");
  const names = tables.slice(0, namesShown).map(({ name }) => JSON.stringify(name));
  const rest = tables.length > namesShown ? ` and ${tables.length - namesShown} more` : "";
  return invalid(`it has no sheet ${JSON.stringify(wanted)}, but ${names.join(", ")}${rest}`);
}

const invalid = (message: string) =>
  new EngineFailure("sourceDataInvalid", `the workbook can't be read: ${message}`);
