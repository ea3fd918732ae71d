import { setTimeout as sleep } from "node:timers/promises";
import { everywhere } from "../../lib/database/scope.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { failVersion, finishVersion } from "./finish-version.ts";
import { listArrived, listExpired, listUnrecorded, type VersionKey } from "./maintenance-repository.ts";
import type { ModelDeps } from "./model-deps.ts";
import { recordModel } from "./record-model.ts";
import { findVersionById } from "./version-repository.ts";

export type MaintainDeps = Pick<ModelDeps, "db" | "content" | "lineage" | "limits" | "log">;

/** Completes what calls have left: periodically, and when a call wakes it, until it is disposed. */
export type ModelMaintenance = AsyncDisposable & { wake(): void };

export function startModelMaintenance(deps: MaintainDeps): ModelMaintenance {
  let isStopped = false;
  let isWoken = false;
  let pause = new AbortController();
  const run = async () => {
    while (!isStopped) {
      isWoken = false;
      await maintain(deps).catch((error: unknown) => {
        deps.log.warn({ err: error }, "the maintenance of models failed: the next one goes on");
      });
      pause = new AbortController();
      if (isStopped || isWoken) continue;
      await sleep(deps.limits.collectMs, undefined, { signal: pause.signal }).catch(() => {});
    }
  };
  const running = outsideCalls(run);
  return {
    wake() {
      isWoken = true;
      pause.abort();
    },
    async [Symbol.asyncDispose]() {
      isStopped = true;
      pause.abort();
      await running;
    },
  };
}

async function maintain(deps: MaintainDeps): Promise<void> {
  const { db, limits } = deps;
  await forEach(deps, await listArrived(db), finishVersion);
  await forEach(deps, await listExpired(db, limits.modelPendingMs), expire);
  await forEach(deps, await listUnrecorded(db), recordModel);
}

/** One that fails does not keep the others from their turn. */
async function forEach(
  deps: MaintainDeps,
  keys: readonly VersionKey[],
  work: (deps: MaintainDeps, key: VersionKey) => Promise<void>,
): Promise<void> {
  for (const key of keys) {
    await work(deps, key).catch((error: unknown) => {
      deps.log.warn({ err: error, modelVersion: key.modelVersionId }, "a model version has to wait");
    });
  }
}

async function expire(deps: MaintainDeps, key: VersionKey): Promise<void> {
  const version = await findVersionById(deps.db, everywhere(key), key.modelVersionId);
  const missing = version?.files.filter(({ fileId }) => fileId === null).map(({ path }) => path) ?? [];
  if (!version || missing.length === 0) return;
  const named = missing.slice(0, 3).join(", ");
  await failVersion(deps, version, `${missing.length} of its files did not arrive in time: ${named}`);
}
