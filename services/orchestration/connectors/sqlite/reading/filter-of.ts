import { identifier } from "../../../engine/sql-text.ts";
import type { SnapshotTable } from "../../connector.ts";
import { type RenderedFilter, renderFilter } from "../../sql/render-filter.ts";
import type { ColumnType } from "./column-type.ts";

/** Storage classes of the values that are compared. */
const classes: Readonly<Partial<Record<ColumnType, string>>> = { BIGINT: "integer", VARCHAR: "text" };

/**
 * The condition of the wanted rows. Rows with a value of another class than that of its column match, so that they are refused
 * as without a condition. `+` keeps the affinity of the column from changing what is compared.
 */
export const filterOf = ({ filter }: SnapshotTable, typeOf: (column: string) => ColumnType): RenderedFilter =>
  renderFilter(
    filter,
    (index) => `?${index + 1}`,
    ({ column, operator, values }, bind) => {
      const name = identifier(column);
      if (operator === "is null" || operator === "is not null") return `${name} ${operator}`;
      const type = typeOf(column);
      const storageClass = classes[type];
      if (!storageClass) throw new Error(`no condition on the column ${column} can be evaluated`);
      const bound = values.map((value) =>
        type === "BIGINT" ? `cast(${bind(value)} as integer)` : bind(value),
      );
      const right = operator === "in" ? `(${bound.join(", ")})` : bound.join("");
      const compares = `+${name} collate binary ${operator} ${right}`;
      return `case typeof(${name}) when '${storageClass}' then ${compares} when 'null' then 0 else 1 end`;
    },
  );
