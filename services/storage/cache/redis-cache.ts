import { createHash, randomUUID } from "node:crypto";
import { createClient, RESP_TYPES } from "@redis/client";
import type { Logger } from "../../lib/telemetry/log.ts";
import { cacheUnavailable } from "../errors.ts";
import {
  type CacheKey,
  type CacheNamespace,
  type CacheStore,
  roomOf,
  type SetOutcome,
  sizeOf,
} from "./cache-store.ts";
import { redisScripts } from "./redis-scripts.ts";

/** A command that takes longer has failed. */
const commandMs = 500;
/** Longest pause between two attempts to connect. */
const reconnectMs = 1_000;
/** Entries that one script deletes: it keeps Redis from all others. */
const removedMax = 2_000;

type Options = {
  /** `redis:` or `rediss:`; Valkey speaks the same protocol. */
  readonly url: string;
  /** Limit of each organisation, in bytes. The one of all together is the server's `maxmemory`. */
  readonly limitBytes: number;
  readonly log: Logger;
  /** Throws namespaceNotFound for a namespace that is being deleted. */
  readonly requireOpen: (owner: CacheNamespace) => Promise<void>;
};

type Reply = Buffer | number | null | Reply[];

/** Entries in Redis 6 or Valkey. It connects in the background, and again after each failure. */
export function openRedisCache({ url, limitBytes, log, requireOpen }: Options): CacheStore {
  const run = connect(url, log);
  const roomBytes = String(roomOf(limitBytes));
  return {
    limitBytes,
    async get(key) {
      const [value, etag, expiry] = listOf(await run.script("get", key.orgId, [memberOf(key)]));
      if (!value) return undefined;
      return { value: bytesOf(value), etag: textOf(etag), expireTime: timeOf(expiry) };
    },
    async set(key, { value, ttlMs, etag: expected = "", onlyIfAbsent, leaseId = "" }) {
      await requireOpen(key);
      const etag = randomUUID();
      const [outcome, expiry] = listOf(
        await run.script("set", key.orgId, [
          memberOf(key),
          Buffer.from(value),
          etag,
          String(ttlMs),
          String(sizeOf(key, value)),
          String(limitBytes),
          roomBytes,
          expected,
          onlyIfAbsent ? "1" : "0",
          leaseId,
        ]),
      );
      if (textOf(outcome) !== "set") return textOf(outcome) as SetOutcome & string;
      return { value, etag, expireTime: timeOf(expiry) };
    },
    async increment(key, delta, ttlMs) {
      await requireOpen(key);
      const overhead = sizeOf(key, new Uint8Array());
      const values = [
        String(delta),
        randomUUID(),
        String(ttlMs),
        String(overhead),
        String(limitBytes),
        roomBytes,
      ];
      const [outcome, sum, expiry] = listOf(
        await run.script("increment", key.orgId, [memberOf(key), ...values]),
      );
      if (textOf(outcome) === "notInteger") return "notInteger";
      return { sum: BigInt(textOf(sum)), expireTime: timeOf(expiry) };
    },
    async delete(key) {
      await run.script("remove", key.orgId, [memberOf(key)]);
    },
    async deletePrefix({ orgId, namespace }, prefix) {
      const start = memberOf({ orgId, namespace, key: prefix });
      let total = 0;
      for (;;) {
        const removed = Number(await run.script("removePrefix", orgId, [start, String(removedMax)]));
        total += removed;
        if (removed < removedMax) return total;
      }
    },
    async usage(orgId) {
      const [usedBytes, entryCount] = listOf(await run.script("usage", orgId, []));
      return { usedBytes: Number(textOf(usedBytes)), entryCount: Number(entryCount) };
    },
    async lease(key, leaseMs) {
      const leaseId = randomUUID();
      const reply = await run.command((client) =>
        client.set(leaseKeyOf(key), leaseId, { condition: "NX", expiration: { type: "PX", value: leaseMs } }),
      );
      return reply ? leaseId : undefined;
    },
    isLeased: async (key) => (await run.command((client) => client.exists(leaseKeyOf(key)))) > 0,
    async endLease(key, leaseId) {
      await run.script("endLease", key.orgId, [memberOf(key), leaseId]);
    },
    [Symbol.asyncDispose]: run.close,
  };
}

const prefixOf = (orgId: string): string => `{sluice-cache:${orgId}}:`;
const memberOf = ({ namespace, key }: CacheKey): string => `${namespace}\0${key}`;
const leaseKeyOf = (key: CacheKey): string => `${prefixOf(key.orgId)}lease:${memberOf(key)}`;

const listOf = (reply: Reply): readonly Reply[] => (Array.isArray(reply) ? reply : []);
const bytesOf = (reply: Reply): Uint8Array => Uint8Array.from(reply as Buffer);
const textOf = (reply: Reply | undefined): string => (Buffer.isBuffer(reply) ? reply.toString() : "");
const timeOf = (reply: Reply | undefined): Date => new Date(Number(textOf(reply)));

function connect(url: string, log: Logger) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: commandMs },
    socket: {
      connectTimeout: reconnectMs,
      reconnectStrategy: (attempts) => Math.min(reconnectMs, 50 * 2 ** Math.min(attempts, 6)),
    },
  });
  let isAway = false;
  client.on("error", (error) => {
    if (!isAway) log.error({ err: error }, "the cache's Redis fails: callers compute for themselves");
    isAway = true;
  });
  client.on("ready", () => {
    if (isAway) log.info("the cache's Redis is back");
    isAway = false;
  });
  client.connect().catch(() => {
    // Reported as an error of the client, which tries again.
  });
  const withBytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const shas = Object.fromEntries(
    Object.entries(redisScripts).map(([name, script]) => [
      name,
      createHash("sha1").update(script).digest("hex"),
    ]),
  );
  const command = async <T>(send: (connected: typeof client) => Promise<T>): Promise<T> => {
    try {
      return await send(client);
    } catch {
      throw cacheUnavailable();
    }
  };
  return {
    command,
    script: (name: keyof typeof redisScripts, orgId: string, values: (string | Buffer)[]): Promise<Reply> =>
      command(async () => {
        const options = { keys: [prefixOf(orgId)], arguments: values };
        try {
          return (await withBytes.evalSha(shas[name] ?? "", options)) as Reply;
        } catch (error) {
          if (!String(error).includes("NOSCRIPT")) throw error;
          return (await withBytes.eval(redisScripts[name], options)) as Reply;
        }
      }),
    async close() {
      if (client.isOpen) client.destroy();
    },
  };
}
