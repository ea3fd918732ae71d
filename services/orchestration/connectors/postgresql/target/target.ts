import type { Route } from "../../network/connect-pinned.ts";
import type { OwnDatabase } from "./own-database.ts";
import type { PostgresqlSettings } from "./settings.ts";

/** Login of a session. The service prepares it for every request. */
export type Target = {
  readonly settings: PostgresqlSettings;
  readonly password: string;
  /** Holds the checked addresses of the host. No other address is connected to. */
  readonly route: Route;
  readonly ownDatabase: OwnDatabase;
};

/** Name of the server in messages. */
export const serverOf = ({ host, port }: PostgresqlSettings): string => `${host}:${port}`;
