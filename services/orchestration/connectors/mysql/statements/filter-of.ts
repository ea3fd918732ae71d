import type { SnapshotTable } from "../../connector.ts";
import { type RenderedFilter, renderFilter } from "../../sql/render-filter.ts";
import { readerOf } from "../catalog/column-reader.ts";
import { quoteName } from "../catalog/quote-name.ts";
import type { Session } from "../session/session.ts";

/** The condition of the wanted rows. `from` is the quoted name of the table. */
export async function filterOf(
  session: Session,
  { filter = [] }: SnapshotTable,
  from: string,
): Promise<RenderedFilter> {
  const columns = [...new Set(filter.flat().map(({ column }) => column))];
  if (columns.length === 0) return {};
  const result = await session.open(`select ${columns.map(quoteName).join(", ")} from ${from} limit 0`);
  await result.next();
  const types = new Map(
    result.columns.map((column, index) => [
      columns[index] ?? "",
      readerOf(column, session.target.settings).comparison?.valueType,
    ]),
  );
  return renderFilter(
    filter,
    () => "?",
    ({ column, operator, values }, bind) => {
      const type = types.get(column);
      if (type === undefined) throw new Error(`no condition on the column ${column} can be evaluated`);
      const name = quoteName(column);
      const bound = values.map((value) => castValue(type, value, bind));
      if (operator === "in") return `${name} in (${bound.join(", ")})`;
      return [name, operator, ...bound].join(" ");
    },
  );
}

/** The session's time zone is UTC, so a time needs none. */
const castValue = (type: string, value: string, bind: (value: string) => string): string =>
  type === "" ? bind(value) : `cast(${bind(value.replace(/\+00$/, ""))} as ${type})`;
