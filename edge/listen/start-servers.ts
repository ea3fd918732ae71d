import type { ChooseDialect } from "../dialects/choose-dialect.ts";
import type { Listener } from "../http/http.ts";
import type { Limits } from "../http/limits.ts";
import { createConnectionLimit } from "./connection-limit.ts";
import { type EdgeServer, type ServerOptions, startServer } from "./server.ts";

/** What a port serves. */
type Port = { readonly port: number; readonly listener: Listener; readonly dialectOf: ChooseDialect };

/** Serves several ports, which share the limit of connections. The address is that of the first one. */
export async function startServers(
  options: Omit<ServerOptions, keyof Port | "connections"> & { readonly limits: Limits },
  [first, ...others]: readonly [Port, ...Port[]],
): Promise<EdgeServer> {
  const connections = createConnectionLimit(options.limits.connectionsMax);
  const servers: EdgeServer[] = [];
  const disposeAll = async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  };
  try {
    const main = await startServer({ ...options, ...first, connections });
    servers.push(main);
    for (const port of others) servers.push(await startServer({ ...options, ...port, connections }));
    return {
      address: main.address,
      renewTls(tls) {
        for (const server of servers) server.renewTls(tls);
      },
      [Symbol.asyncDispose]: disposeAll,
    };
  } catch (error) {
    await disposeAll();
    throw error;
  }
}
