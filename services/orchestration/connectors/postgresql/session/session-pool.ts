import type { Clock } from "../../../timing/clock.ts";
import { type ConnectionPool, createConnectionPool } from "../../network/connection-pool.ts";
import type { Target } from "../target/target.ts";
import type { Connection } from "../wire/open-connection.ts";

export type SessionPool = ConnectionPool<Connection, Target>;

/** Idle connections to one PostgreSQL source. */
export const createSessionPool = (clock?: Clock): SessionPool =>
  createConnectionPool<Connection, Target>(
    {
      loginOf: ({ settings, password, route: { security }, ownDatabase }) => [
        settings,
        password,
        security,
        ownDatabase,
      ],
      isUsable: ({ opened: { raw, socket } }, { route: { addresses } }) =>
        !raw.destroyed && socket.readable && addresses.includes(raw.remoteAddress ?? ""),
      async reset({ sql, rules }) {
        await sql.unsafe("rollback");
        await sql.unsafe("discard all");
        rules.rest();
      },
      restart(connection) {
        connection.isWarm = true;
        connection.rules.restart();
      },
      cut: ({ guarded }) => void guarded.socket.destroy(),
      close: (connection) => void connection[Symbol.asyncDispose](),
    },
    clock,
  );
