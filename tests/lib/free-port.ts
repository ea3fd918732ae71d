import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ephemeral range, so that the system assigns none of these to another process. */
const [portMin, portMax] = [10_000, 32_000];

/** A port without a listener, outside of the ephemeral range. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
