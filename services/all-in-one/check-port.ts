import { once } from "node:events";
import { createServer } from "node:net";
import { ConfigError } from "../lib/settings/env.ts";
import { systemErrorMessage } from "../lib/values/system-error.ts";

/** Listens on the edge's address and closes at once. Throws a ConfigError if that fails. */
export async function checkPort(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    server.close();
    await once(server, "close");
  } catch (error) {
    throw new ConfigError([`  EDGE_HOST, EDGE_PORT: ${systemErrorMessage(error)}`]);
  }
}
