import { z } from "zod";
import { type ServerSettings, serverSettings } from "../../network/server-settings.ts";

/** Settings of a source on a MySQL or MariaDB server. */
export const mysqlSettings = serverSettings({ port: 3306, nameCharactersMax: 64 }).extend({
  zeroDates: z
    .enum(["refuse", "null"])
    .default("refuse")
    .describe(
      "Dates that no calendar has, as `0000-00-00` and `2024-02-00`, fail a read by default. `null` reads them as NULL.",
    ),
});

export type MysqlSettings = ServerSettings & Pick<z.output<typeof mysqlSettings>, "zeroDates">;

/** Name of the connector, in sources and in the destinations of secrets. */
export const mysqlName = "mysql";
