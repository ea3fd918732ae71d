import { openRedisStore } from "../../../edge/admission/redis-store.ts";
import type { Store } from "../../../edge/admission/store.ts";
import { startRedisServer } from "../../lib/redis-server.ts";

/** A store that tests suspend, stop and restart. */
export type StoppableStore = AsyncDisposable & {
  open(): Promise<Store>;
  /** Suspends the processes: connections stay open, without responses. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Stops the server: connections end, and new ones are refused. */
  kill(): Promise<void>;
  start(): Promise<void>;
};

export async function stoppableRedis(): Promise<StoppableStore> {
  const server = await startRedisServer();
  return {
    open: () => openRedisStore(server.url),
    freeze: async () => server.signal("SIGSTOP"),
    thaw: async () => server.signal("SIGCONT"),
    kill: server.kill,
    start: server.start,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
