import { feedPipe } from "../../engine/pipes/feed-pipe.ts";
import type { OperationContext } from "../../source-process/operation.ts";
import { toRowsFailure } from "./failures.ts";
import { withSession } from "./session.ts";
import type { Target } from "./target.ts";

export type CopyRequest = {
  readonly target: Target;
  /** The snapshot's name, which its session exported. */
  readonly snapshot: string;
  /** For people. */
  readonly table: string;
  /** A COPY … TO STDOUT. */
  readonly statement: string;
  /** Absolute path of the named pipe that the rows are written into. */
  readonly inputPath: string;
  readonly timeoutMs: number;
};

/** Copies rows of a snapshot into a pipe. Answers how many rows the server says it sent, if it does. */
export const feedRows = (
  { target, snapshot, table, statement, inputPath, timeoutMs }: CopyRequest,
  { signal }: OperationContext,
): Promise<number | undefined> =>
  feedPipe(inputPath, signal, (pipe) =>
    withSession(
      target,
      { signal, timeoutMs },
      (_ask, { copyOut }) =>
        copyOut(statement, pipe).catch((error) => {
          throw toRowsFailure(error, table);
        }),
      { snapshot },
    ),
  );
