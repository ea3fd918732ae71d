const unknown = "application/octet-stream";

/** Media types by extension: the formats that Sluice reads, and other common ones. */
const byExtension: Readonly<Record<string, string>> = {
  arrow: "application/vnd.apache.arrow.file",
  avro: "application/vnd.apache.avro",
  csv: "text/csv",
  duckdb: "application/vnd.duckdb",
  feather: "application/vnd.apache.arrow.file",
  geojson: "application/geo+json",
  gif: "image/gif",
  gz: "application/gzip",
  htm: "text/html",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  jsonl: "application/x-ndjson",
  md: "text/markdown",
  ndjson: "application/x-ndjson",
  orc: "application/vnd.apache.orc",
  parquet: "application/vnd.apache.parquet",
  pdf: "application/pdf",
  png: "image/png",
  sql: "application/sql",
  sqlite: "application/vnd.sqlite3",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  tsv: "text/tab-separated-values",
  txt: "text/plain",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  xml: "application/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
  zip: "application/zip",
  zst: "application/zstd",
};

/** Media type by the extension of a file name. */
export function mediaTypeOf(name: string): string {
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(byExtension, extension) ? (byExtension[extension] ?? unknown) : unknown;
}

/** Names of the same type that others use, by which ours is found. */
export const otherNames: Readonly<Record<string, string>> = {
  "application/avro": "application/vnd.apache.avro",
  "application/x-sqlite3": "application/vnd.sqlite3",
};

/** A media type without parameters, in lower case, by the name that we use. */
export function essenceOf(mediaType: string): string {
  const essence = mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return otherNames[essence] ?? essence;
}
