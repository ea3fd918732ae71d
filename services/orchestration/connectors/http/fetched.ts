import type { SourceClient } from "../../source-process/source-client.ts";
import type { HttpLogin } from "./prepare-http-login.ts";

/** What was fetched. */
export type Fetched = {
  /** Whether the server still has the bytes with the given entity tag, so that nothing was written. */
  readonly isUnchanged: boolean;
  /** Identifies the bytes on the server; undefined if nothing does. */
  readonly etag: string | undefined;
};

type FetchRequest = {
  readonly login: HttpLogin;
  /** Absolute path of the named pipe that the bytes are written to. */
  readonly outputPath: string;
  /** Entity tag of the bytes that are here already. */
  readonly etag: string | undefined;
};

/** Has a source's process write the bytes of a file to a pipe. */
export type Fetch = (process: SourceClient, request: FetchRequest, signal: AbortSignal) => Promise<Fetched>;
