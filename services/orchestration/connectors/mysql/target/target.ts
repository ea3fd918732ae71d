import type { Route } from "../../network/connect-pinned.ts";
import type { MysqlSettings } from "./settings.ts";

/** Login of a session. The service prepares it for every request. */
export type Target = {
  readonly settings: MysqlSettings;
  readonly password: string;
  /** Holds the checked addresses of the host. No other address is connected to. */
  readonly route: Route;
};

/** Name of the server in messages. */
export const serverOf = ({ host, port }: MysqlSettings): string => `${host}:${port}`;
