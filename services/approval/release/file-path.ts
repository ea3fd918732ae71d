import { createHash } from "node:crypto";
import { FilestoreDestination_Format as Format } from "../../../gen/sluice/approval/v1/projects_pb.ts";

/** Longest name of a folder, in bytes. */
const folderBytesMax = 200;

const extensions: Record<Format, string> = {
  [Format.FORMAT_UNSPECIFIED]: "parquet",
  [Format.PARQUET]: "parquet",
  [Format.CSV]: "csv",
};

/** Where a file of a release is published: `<area>/<project>/<schema>/<table>/part-00000.parquet`. */
export function filePath(options: {
  area: string;
  projectId: string;
  schemaName: string;
  tableName: string;
  /** Place of the file among those of its table, from 0. */
  index: number;
  format: Format;
}): string {
  const { area, projectId, schemaName, tableName, index, format } = options;
  const folders = [schemaName, tableName].filter((name) => name !== "").map(toFolder);
  const file = `part-${String(index).padStart(5, "0")}.${extensions[format]}`;
  return [area, projectId, ...folders, file].join("/");
}

/** A table's name as a folder's: readable where it can be, and never that of another table. */
function toFolder(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no folder's name should have.
  const unsafe = /[\u0000-\u001f\u007f/\\%~]|^\.+$/g;
  const folder = name.toWellFormed().replace(unsafe, (text) => [...Buffer.from(text)].map(escaped).join(""));
  if (Buffer.byteLength(folder) <= folderBytesMax) return folder;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 32);
  return `${beginning(folder)}~${digest}`;
}

const escaped = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** As many whole characters as leave room for a digest. */
function beginning(text: string): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > folderBytesMax - 33) break;
    kept += character;
  }
  return kept;
}
