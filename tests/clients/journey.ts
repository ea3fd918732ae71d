import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The file that each client uploads. */
export const filePath = join(
  import.meta.dirname,
  "../../node_modules/vega-datasets/data/seattle-weather.csv",
);

export const sql =
  "SELECT weather, count(*) AS days, max(temp_max) AS hottest FROM weather GROUP BY weather ORDER BY days DESC";

/** Result of one step of the journey, as a client reports it. */
export type Step = { readonly step: string; readonly [fact: string]: unknown };

const content = readFileSync(filePath);
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** The expected steps, in order. */
export const journey: readonly Step[] = [
  { step: "log in", tokenType: "Bearer" },
  { step: "who am I", roles: ["admin", "platform-admin"] },
  {
    step: "upload",
    name: "seattle-weather.csv",
    contentType: "text/csv",
    sizeBytes: content.length,
    sha256: sha256(content),
  },
  { step: "register", connector: "file", tableName: "weather" },
  { step: "discover", added: ["weather"] },
  {
    step: "list tables",
    columns: [
      "date DATE",
      "precipitation DECIMAL(18,1)",
      "temp_max DECIMAL(18,1)",
      "temp_min DECIMAL(18,1)",
      "wind DECIMAL(18,1)",
      "weather VARCHAR",
    ],
  },
  {
    step: "query",
    columns: ["weather VARCHAR", "days BIGINT", "hottest DECIMAL(18,1)"],
    rows: [
      ["rain", "641", "35.6"],
      ["sun", "640", "35.0"],
      ["fog", "101", "30.6"],
    ],
    truncated: true,
  },
  { step: "read execution", state: "EXECUTION_STATE_SUCCEEDED", rowCount: 3 },
  { step: "refused query", code: "INVALID_ARGUMENT", reason: "STATEMENT_REFUSED" },
  { step: "download", status: 200, contentType: "text/csv", sha256: sha256(content) },
  { step: "download a range", status: 206, contentType: "text/csv", sha256: sha256(content.subarray(0, 49)) },
];
