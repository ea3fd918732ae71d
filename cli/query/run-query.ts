import {
  ExecuteQueryResponseSchema,
  ExecutionService,
} from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { Call } from "../command/call.ts";
import { formatCount } from "../terminal/value.ts";
import type { Subject } from "./read-statement.ts";
import { showRows } from "./show-rows.ts";

export type Query = Subject & {
  readonly sql: string;
  readonly maxRows: number;
  readonly timeoutSeconds: number;
  /** Runs the statement even if its result is kept. */
  readonly noCache: boolean;
};

/** Runs a statement and shows its first rows. */
export async function runQuery(call: Call, query: Query, signal: AbortSignal = call.signal): Promise<void> {
  const { timeoutSeconds, ...request } = query;
  const client = await call.client(ExecutionService);
  const timeout = { seconds: BigInt(timeoutSeconds) };
  const response = await client.executeQuery({ ...request, timeout }, { signal });
  await call.show(ExecuteQueryResponseSchema, response, () => {
    showRows(call.terminal, response.columns, response.rows);
    const count = `${formatCount(response.rows.length)} ${response.rows.length === 1 ? "row" : "rows"}`;
    const more = response.truncated
      ? "; there are more: --max-rows shows up to 10,000, --format csv all"
      : "";
    const kept = response.fromCache
      ? "; kept from an earlier run on the same content: --no-cache runs it again"
      : "";
    call.terminal.note(`${count}${more}${kept}`);
  });
}
