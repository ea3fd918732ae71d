import { EngineFailure } from "../../engine-failure.ts";
import type { Package } from "./open-package.ts";
import { parseWhole } from "./parse-xml.ts";

/** Texts that cells share stay in memory. */
const charactersMax = 64 * 1024 * 1024;
const stringsMax = 4_000_000;

/** The texts that cells refer to by their index. */
export async function readStrings(file: Package, part: string | undefined): Promise<readonly string[]> {
  if (part === undefined || !file.has(part)) return [];
  const strings: string[] = [];
  const rich = createRichText();
  let characters = 0;
  await parseWhole(part, file.read(part), {
    open(name) {
      if (name === "si") rich.start();
      rich.open(name);
    },
    text(text) {
      characters += rich.text(text);
      if (characters > charactersMax) {
        throw tooMany(`more than ${charactersMax / 1024 ** 2} million characters of text in different cells`);
      }
    },
    close(name) {
      rich.close(name);
      if (name !== "si") return;
      strings.push(rich.end());
      if (strings.length > stringsMax) throw tooMany(`more than ${stringsMax} different texts`);
    },
  });
  return strings;
}

/** Joins the runs of a text, without the reading aids of East Asian texts. */
export function createRichText() {
  let parts: string[] = [];
  let length = 0;
  let isText = false;
  let isAid = false;
  return {
    start() {
      parts = [];
      length = 0;
    },
    open(name: string) {
      if (name === "t") isText = true;
      if (name === "rPh") isAid = true;
    },
    /** Returns the number of characters that it has taken. */
    text(text: string): number {
      if (!isText || isAid) return 0;
      parts.push(text);
      length += text.length;
      return text.length;
    },
    close(name: string) {
      if (name === "t") isText = false;
      if (name === "rPh") isAid = false;
    },
    length: () => length,
    end: (): string => decodeEscapes(parts.join("")),
  };
}

/** Characters that XML can't hold are written as `_x000D_`. NUL and halves of characters stay as they are written. */
export const decodeEscapes = (text: string): string =>
  text.includes("_x")
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (written, digits) => {
        const code = Number.parseInt(digits, 16);
        return code === 0 || (code >= 0xd800 && code <= 0xdfff) ? written : String.fromCharCode(code);
      })
    : text;

const tooMany = (what: string) =>
  new EngineFailure("sourceDataInvalid", `the workbook can't be read: it has ${what}; save the sheet as CSV`);
