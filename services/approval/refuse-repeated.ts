import type { TableSelection } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { invalidField } from "../lib/rpc/errors.ts";

/** Refuses a selection that names a table twice. */
export function refuseRepeated(tables: readonly TableSelection[]): void {
  const seen = new Set<string>();
  for (const [index, { schemaName, name }] of tables.entries()) {
    const key = JSON.stringify([schemaName, name]);
    if (seen.has(key)) throw invalidField(`project.tables[${index}]`, `${name} is selected already`);
    seen.add(key);
  }
}
