import { EngineFailure } from "../../engine-failure.ts";

/**
 * A text encoding. `label` is its name in Node's TextDecoder, which implements the Encoding Standard and rejects invalid
 * bytes.
 */
export type TextEncoding = { readonly name: string } & (
  | { readonly kind: "utf8" }
  /** `isFixed` if the name includes the byte order. */
  | { readonly kind: "utf16" | "utf32"; readonly isBigEndian: boolean; readonly isFixed: boolean }
  /** `hasControls`: 0x80 to 0x9F are control characters, as in ISO 8859, rather than unassigned. */
  | { readonly kind: "singleByte"; readonly label: string; readonly hasControls: boolean }
  | { readonly kind: "multiByte"; readonly label: string }
);

const isoParts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16];
const windowsPages = [874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258];
const multiByte = ["shift_jis", "gb18030", "gbk", "big5", "euc-jp", "euc-kr"];

/** The Encoding Standard replaces these by Windows code pages, which differ in 0x80 to 0x9F. */
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
    kind: "singleByte" as const,
    label: isoLabels[part] ?? `iso-8859-${part}`,
    hasControls: true,
  })),
  ...[...windowsPages.map((page) => `windows-${page}`), "koi8-r", "koi8-u", "ibm866", "macintosh"].map(
    (name) => ({ name, kind: "singleByte" as const, label: name, hasControls: false }),
  ),
  ...multiByte.map((name) => ({ name, kind: "multiByte" as const, label: name })),
];

/** Common aliases. */
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

/** Finds an encoding by its name, in any case and in notations of other programs such as `cp1252` and `iso8859_1`. */
export function findEncoding(requested: string): TextEncoding {
  const lower = requested.toLowerCase();
  const normalized = lower
    .replace(/^cp-?(\d{3,4})$/, (whole, page) =>
      windowsPages.includes(Number(page)) ? `windows-${page}` : whole,
    )
    .replace(/^windows(\d{3,4})$/, "windows-$1")
    .replace(/^iso[-_]?8859[-_](\d+)$/, "iso-8859-$1")
    .replace(/^(utf-?(?:16|32))[-_]?([lb]e)$/, "$1$2")
    .replace(/^utf(\d)/, "utf-$1");
  const name = aliases[lower] ?? aliases[normalized] ?? normalized;
  const found = encodings.find((encoding) => encoding.name === name);
  if (found) return found;
  throw new EngineFailure(
    "sourceDataInvalid",
    `the encoding ${requested} is not known: set settings.encoding to one of ${encodings.map((encoding) => encoding.name).join(", ")}`,
  );
}
