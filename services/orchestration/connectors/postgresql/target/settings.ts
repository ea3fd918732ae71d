import { type ServerSettings, serverSettings } from "../../network/server-settings.ts";

/** Settings of a source on a PostgreSQL database. */
export const postgresqlSettings = serverSettings({ port: 5432, nameCharactersMax: 63 });

export type PostgresqlSettings = ServerSettings;

/** Name of the connector, in sources and in the destinations of secrets. */
export const postgresqlName = "postgresql";
