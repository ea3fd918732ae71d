import type { Route } from "../network/connect-pinned.ts";
import type { OwnDatabase } from "./own-database.ts";
import type { PostgresqlSettings } from "./settings.ts";

/** All that a session needs of a source. The serving process finds it out for each request. */
export type Target = {
  readonly settings: PostgresqlSettings;
  readonly password: string;
  /** Has the host's addresses that were checked: no other is connected to. */
  readonly route: Route;
  readonly ownDatabase: OwnDatabase;
};

/** Names the server for the caller. */
export const serverOf = ({ host, port }: PostgresqlSettings): string => `${host}:${port}`;
