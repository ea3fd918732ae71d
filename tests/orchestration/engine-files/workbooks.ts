import { zipOf } from "./zips.ts";

export type WorkbookParts = {
  /** Elements within sheetData. */
  readonly sheet?: string;
  /** Further sheets by their names. */
  readonly others?: Readonly<Record<string, string>>;
  /** Elements within sst. */
  readonly strings?: string;
  /** Codes of formats: the style 1 is that of the first one. */
  readonly formats?: readonly string[];
  readonly is1904?: boolean;
  /** Parts that are there too, or instead. */
  readonly parts?: Readonly<Record<string, string | Buffer>>;
};

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const relationship = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

const quoted = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");

const relations = (targets: readonly (readonly [id: string, type: string, target: string])[]) => {
  const list = targets.map(
    ([id, type, target]) => `<Relationship Id="${id}" Type="${relationship}/${type}" Target="${target}"/>`,
  );
  return `${head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${list.join("")}</Relationships>`;
};

/** The bytes of a workbook, as a program writes it. */
export function workbookOf({
  sheet = "",
  others = {},
  strings,
  formats = [],
  is1904,
  parts = {},
}: WorkbookParts): Buffer {
  const sheets = Object.entries({ Table: sheet, ...others });
  const listed = sheets.map(
    ([name], index) => `<sheet name="${quoted(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  const styles = [
    ...formats.map((code, index) => `<numFmt numFmtId="${200 + index}" formatCode="${quoted(code)}"/>`),
  ];
  const cells = ["0", ...formats.map((_, index) => String(200 + index))].map(
    (id) => `<xf numFmtId="${id}"/>`,
  );
  const all: Record<string, string | Buffer> = {
    "[Content_Types].xml": `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    "_rels/.rels": relations([["rId1", "officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml":
      `${head}<workbook ${main} xmlns:r="${relationship}"><workbookPr${is1904 ? ' date1904="1"' : ""}/>` +
      `<sheets>${listed.join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": relations([
      ...sheets.map(
        (_, index) => [`rId${index + 1}`, "worksheet", `worksheets/sheet${index + 1}.xml`] as const,
      ),
      ["styles", "styles", "styles.xml"],
      ["strings", "sharedStrings", "/xl/sharedStrings.xml"],
    ]),
    "xl/styles.xml": `${head}<styleSheet ${main}><numFmts>${styles.join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${cells.join("")}</cellXfs></styleSheet>`,
    ...Object.fromEntries(
      sheets.map(([, data], index) => [
        `xl/worksheets/sheet${index + 1}.xml`,
        `${head}<worksheet ${main}><sheetData>${data}</sheetData></worksheet>`,
      ]),
    ),
    ...(strings !== undefined && { "xl/sharedStrings.xml": `${head}<sst ${main}>${strings}</sst>` }),
    ...parts,
  };
  return zipOf(Object.entries(all).map(([name, content]) => ({ name, content: Buffer.from(content) })));
}

/** Rows of cells: texts inline, and elements as they are. */
export const rowsOf = (...rows: readonly (readonly (string | number)[])[]): string =>
  rows
    .map((cells) => {
      const elements = cells.map((cell) => {
        if (typeof cell === "number") return `<c><v>${cell}</v></c>`;
        return cell.startsWith("<") ? cell : `<c t="inlineStr"><is><t>${quoted(cell)}</t></is></c>`;
      });
      return `<row>${elements.join("")}</row>`;
    })
    .join("");
