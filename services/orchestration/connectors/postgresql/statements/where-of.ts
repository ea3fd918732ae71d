import { identifier } from "../../../engine/sql-text.ts";
import type { SnapshotTable } from "../../connector.ts";
import { type RenderedFilter, renderFilter } from "../../sql/render-filter.ts";
import type { TypeConversion } from "../catalog/type-conversion.ts";
import type { Execute } from "../session/session.ts";

/**
 * A COPY takes no parameters. So each value is bound to a setting of the transaction, from which the condition reads it: the
 * planner evaluates it for its estimate, and an index can be used.
 */
const settingOf = (index: number): string => `sluice.p${index}`;

/** The condition of the wanted rows. */
export const whereOf = (
  { filter }: SnapshotTable,
  conversionOf: (column: string) => TypeConversion,
): RenderedFilter =>
  renderFilter(
    filter,
    (index) => `current_setting('${settingOf(index)}')`,
    ({ column, operator, values }, bind) => {
      const name = identifier(column);
      const type = conversionOf(column).comparison?.valueType;
      if (type === undefined) throw new Error(`no condition on the column ${column} can be evaluated`);
      const [value] = values;
      if (operator === "in") {
        const list = `json_array_elements_text(${bind(JSON.stringify(values))}::json)`;
        return `${name} = any (array(select value::${type} from ${list} as value))`;
      }
      return value === undefined ? `${name} ${operator}` : `${name} ${operator} ${bind(value)}::${type}`;
    },
  );

/** Binds the parameters of a condition, until the transaction ends. */
export async function bindParameters(execute: Execute, parameters: readonly string[] = []): Promise<void> {
  for (const [index, value] of parameters.entries())
    await execute("select set_config($1, $2, true)", [settingOf(index), value]);
}
