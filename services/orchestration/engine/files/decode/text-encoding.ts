import { EngineFailure } from "../../engine-failure.ts";

/**
 * How the bytes of a text are decoded. `label` is what Node's TextDecoder knows it by: it has the tables of the Encoding
 * Standard, refuses what they do not have, and needs no package.
 */
export type TextEncoding = { readonly name: string } & (
  | { readonly kind: "utf8" }
  /** `isFixed` where the byte order is named, not told by a mark. */
  | { readonly kind: "utf16" | "utf32"; readonly isBigEndian: boolean; readonly isFixed: boolean }
  /** `hasControls`: 0x80 to 0x9F are control characters, as ISO 8859 has them, and not unassigned. */
  | { readonly kind: "oneByte"; readonly label: string; readonly hasControls: boolean }
  | { readonly kind: "manyBytes"; readonly label: string }
);

const isoParts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16];
const windowsPages = [874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258];
const manyBytes = ["shift_jis", "gb18030", "gbk", "big5", "euc-jp", "euc-kr"];

/** For these the Encoding Standard takes the page of Windows, which has other characters in 0x80 to 0x9F. */
const isoLabels: Readonly<Record<number, string>> = {
  1: "windows-1252",
  9: "windows-1254",
  11: "windows-874",
};

const encodings: readonly TextEncoding[] = [
  { name: "utf-8", kind: "utf8" },
  ...(["utf16", "utf32"] as const).flatMap((kind) => {
    const name = kind.replace("utf", "utf-");
    return [
      { name, kind, isBigEndian: false, isFixed: false },
      { name: `${name}le`, kind, isBigEndian: false, isFixed: true },
      { name: `${name}be`, kind, isBigEndian: true, isFixed: true },
    ];
  }),
  ...isoParts.map((part) => ({
    name: `iso-8859-${part}`,
    kind: "oneByte" as const,
    label: isoLabels[part] ?? `iso-8859-${part}`,
    hasControls: true,
  })),
  ...[...windowsPages.map((page) => `windows-${page}`), "koi8-r", "koi8-u", "ibm866", "macintosh"].map(
    (name) => ({ name, kind: "oneByte" as const, label: name, hasControls: false }),
  ),
  ...manyBytes.map((name) => ({ name, kind: "manyBytes" as const, label: name })),
];

/** Other names of them that people and programs use. */
const aliases: Readonly<Record<string, string>> = {
  utf8: "utf-8",
  ascii: "utf-8",
  "us-ascii": "utf-8",
  "utf-8-sig": "utf-8",
  utf16: "utf-16",
  "ucs-2": "utf-16",
  utf32: "utf-32",
  latin1: "iso-8859-1",
  "latin-1": "iso-8859-1",
  latin2: "iso-8859-2",
  latin9: "iso-8859-15",
  ansi: "windows-1252",
  "shift-jis": "shift_jis",
  sjis: "shift_jis",
  cp932: "shift_jis",
  "windows-31j": "shift_jis",
  ms932: "shift_jis",
  cp936: "gbk",
  gb2312: "gbk",
  cp949: "euc-kr",
  euc_kr: "euc-kr",
  euc_jp: "euc-jp",
  cp950: "big5",
  cp866: "ibm866",
};

/** Names do not differ by case; `cp1252` and `iso8859_1` are spelled as programs do. */
export function findEncoding(said: string): TextEncoding {
  const lower = said.toLowerCase();
  const spelled = lower
    .replace(/^cp-?(\d{3,4})$/, (whole, page) =>
      windowsPages.includes(Number(page)) ? `windows-${page}` : whole,
    )
    .replace(/^windows(\d{3,4})$/, "windows-$1")
    .replace(/^iso[-_]?8859[-_](\d+)$/, "iso-8859-$1")
    .replace(/^(utf-?(?:16|32))[-_]?([lb]e)$/, "$1$2")
    .replace(/^utf(\d)/, "utf-$1");
  const name = aliases[lower] ?? aliases[spelled] ?? spelled;
  const found = encodings.find((encoding) => encoding.name === name);
  if (found) return found;
  throw new EngineFailure(
    "sourceDataInvalid",
    `the encoding ${said} is not known: set settings.encoding to one of ${encodings.map((encoding) => encoding.name).join(", ")}`,
  );
}
