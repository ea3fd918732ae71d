import { createClient } from "@redis/client";
import type { LimitState } from "./limit.ts";
import { applyScript } from "./redis-script.ts";
import type { Store } from "./store.ts";
import { withTimeout } from "./with-timeout.ts";

const connectMs = 2_000;

/** Prefix of all keys. The braces keep them in one slot of a Redis Cluster, which a script requires. */
const prefix = "{sluice-limits}:";

/** Counts in a Redis, version 6 or later, at a `redis:` or `rediss:` URL. */
export async function openRedisStore(url: string): Promise<Store> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: connectMs, reconnectStrategy: false },
  });
  // Failures are reported by the next batch. Without a listener, the loss of an idle connection would exit the process.
  client.on("error", () => undefined);
  try {
    // The kernel accepts connections for a server that is stopped.
    await withTimeout(connectMs, client.connect());
    const sha = await withTimeout(connectMs, client.scriptLoad(applyScript));
    return {
      async apply(batch) {
        const states = await client.evalSha(sha, { keys: [prefix], arguments: [JSON.stringify(batch)] });
        return JSON.parse(String(states)) as LimitState[][];
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
