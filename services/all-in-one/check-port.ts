import { once } from "node:events";
import { createServer } from "node:net";
import { ConfigError } from "../lib/settings/env.ts";
import { systemErrorMessage } from "../lib/values/system-error.ts";

/** Listens there and stops at once. Throws a ConfigError where the edge could not listen, before anything is started. */
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
