import { createClient } from "@redis/client";
import type { Standing } from "./limit.ts";
import { applyScript } from "./redis-script.ts";
import type { Store } from "./store.ts";
import { within } from "./within.ts";

const connectMs = 2_000;

/** Keys begin with it. The braces keep them in one slot of a Redis Cluster, as a script needs it. */
const prefix = "{sluice-limits}:";

/** Counts in Redis, 6 or later, at a `redis:` or `rediss:` URL. */
export async function openRedisStore(url: string): Promise<Store> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: connectMs, reconnectStrategy: false },
  });
  // What fails, fails in a batch; without a listener an idle connection that ends would end the process.
  client.on("error", () => undefined);
  try {
    // A server that is stopped takes the connection, and says nothing.
    await within(connectMs, client.connect());
    const sha = await within(connectMs, client.scriptLoad(applyScript));
    return {
      async apply(batch) {
        const answer = await client.evalSha(sha, { keys: [prefix], arguments: [JSON.stringify(batch)] });
        return JSON.parse(String(answer)) as Standing[][];
      },
      async [Symbol.asyncDispose]() {
        client.destroy();
      },
    };
  } catch (error) {
    if (client.isOpen) client.destroy();
    throw error;
  }
}
