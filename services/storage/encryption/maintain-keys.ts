import type { Db } from "../../lib/database/database.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { Limits } from "../limits.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import type { Reservations } from "../quota/reservations.ts";
import { encryptPlain } from "./encrypt-plain.ts";
import type { MasterKeys } from "./master-keys.ts";
import { rewrapKeys } from "./rewrap-keys.ts";

type Deps = {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly content: VerifiedContent;
  readonly reservations: Reservations;
  readonly masterKeys: MasterKeys | undefined;
  readonly limits: Pick<Limits, "rekeyMs">;
  readonly log: Logger;
};

/** Wraps keys with the current master key, and encrypts what is not yet, from time to time until disposed. */
export function maintainKeys({ masterKeys, ...deps }: Deps): AsyncDisposable {
  if (!masterKeys) return { async [Symbol.asyncDispose]() {} };
  const { log, limits } = deps;
  const stop = new AbortController();
  const failureText = "the work on keys failed; the next round tries again";
  const running = runPeriodically(
    { pauseMs: limits.rekeyMs, stop: stop.signal, log, failureText },
    async () => {
      await rewrapKeys({ ...deps, masterKeys }, stop.signal);
      await encryptPlain(deps, stop.signal);
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
