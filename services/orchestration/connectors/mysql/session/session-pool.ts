import { promisify } from "node:util";
import { type ConnectionPool, createConnectionPool } from "../../network/connection-pool.ts";
import type { Target } from "../target/target.ts";
import type { Connection } from "../wire/open-connection.ts";

export type SessionPool = ConnectionPool<Connection, Target>;

/** Idle connections to one source. */
export const createSessionPool = (): SessionPool =>
  createConnectionPool<Connection, Target>({
    loginOf: ({ settings, password, route: { security } }) => [settings, password, security],
    isUsable: ({ isOpen, address }, { route: { addresses } }) =>
      isOpen() && addresses.includes(address ?? ""),
    async reset({ client, guarded }) {
      // Rolls back, closes statements, releases locks, and drops variables and temporary tables.
      await promisify(client.reset.bind(client))();
      guarded.rest();
    },
    restart(connection) {
      connection.isWarm = true;
    },
    cut: (connection) => connection[Symbol.dispose](),
    close: (connection) => connection[Symbol.dispose](),
  });
