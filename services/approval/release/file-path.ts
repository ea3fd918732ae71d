import { createHash } from "node:crypto";
import { FilestoreDestination_Format as Format } from "../../../gen/sluice/approval/v1/projects_pb.ts";

/** Maximum length of a folder name, in bytes. */
const folderBytesMax = 200;

const extensions: Record<Format, string> = {
  [Format.FORMAT_UNSPECIFIED]: "parquet",
  [Format.PARQUET]: "parquet",
  [Format.CSV]: "csv",
};

/** Path of a file in a release: `<area>/<project>/<schema>/<table>/part-00000.parquet`. */
export function filePath(options: {
  area: string;
  projectId: string;
  schemaName: string;
  tableName: string;
  /** Index of the file within its table, from 0. */
  index: number;
  format: Format;
}): string {
  const { area, projectId, schemaName, tableName, index, format } = options;
  const folders = [schemaName, tableName].filter((name) => name !== "").map(toFolder);
  const file = `part-${String(index).padStart(5, "0")}.${extensions[format]}`;
  return [area, projectId, ...folders, file].join("/");
}

/** Encodes a table's name as a folder name. Different tables never get the same name; safe characters stay readable. */
function toFolder(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no folder's name should have.
  const unsafe = /[\u0000-\u001f\u007f/\\%~]|^\.+$/g;
  const folder = name.toWellFormed().replace(unsafe, (text) => [...Buffer.from(text)].map(escaped).join(""));
  if (Buffer.byteLength(folder) <= folderBytesMax) return folder;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 32);
  return `${beginning(folder)}~${digest}`;
}

const escaped = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** Cuts at a character boundary and leaves room for the digest. */
function beginning(text: string): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > folderBytesMax - 33) break;
    kept += character;
  }
  return kept;
}
