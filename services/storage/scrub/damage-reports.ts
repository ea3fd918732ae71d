import { Counter } from "prom-client";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { registry } from "../../lib/telemetry/metrics.ts";
import type { ObjectKey } from "../objects/object-store.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import { type RepairDeps, repairObject } from "./repair-object.ts";

const counter = new Counter({
  name: "sluice_storage_damaged_reads_total",
  help: "Reads that failed because an object is missing or damaged.",
  registers: [registry],
});

/** Reports damaged objects that reads find, and repairs them in the background. Disposing it awaits the repairs. */
export type DamageReports = AsyncDisposable & { report(key: ObjectKey): void };

export function createDamageReports(deps: RepairDeps & { readonly log: Logger }): DamageReports {
  const { log, copies } = deps;
  const repairs = new Map<string, Promise<void>>();
  const repair = async (key: ObjectKey): Promise<void> => {
    try {
      const repaired = await outsideCalls(() => repairObject(deps, key));
      if (repaired) log.warn({ org: key.orgId, sha256: key.sha256 }, "a damaged object was replaced");
    } catch (error) {
      log.warn({ err: error }, "a damaged object was not replaced by its second copy");
    }
  };
  return {
    report(key) {
      const { orgId, sha256 } = key;
      counter.inc();
      log.error({ org: orgId, sha256 }, "a stored object is missing or damaged");
      const name = `${orgId}/${sha256}`;
      if (!copies || repairs.has(name)) return;
      repairs.set(
        name,
        repair(key).finally(() => repairs.delete(name)),
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(repairs.values());
    },
  };
}

/** Content whose reads report damage. */
export function withReports(
  content: VerifiedContent,
  { report }: Pick<DamageReports, "report">,
): VerifiedContent {
  const noted = (key: ObjectKey, error: unknown): unknown => {
    if (hasReason(error, ErrorReason.CONTENT_CORRUPT)) report(key);
    return error;
  };
  const awaited = <T>(key: ObjectKey, work: Promise<T>): Promise<T> =>
    work.catch((error) => {
      throw noted(key, error);
    });
  async function* streamed(key: ObjectKey, chunks: AsyncGenerator<Uint8Array, void>) {
    try {
      yield* chunks;
    } catch (error) {
      throw noted(key, error);
    }
  }
  return {
    ...content,
    sha512: (of) => awaited(of, content.sha512(of)),
    async open(of) {
      const open = await awaited(of, content.open(of));
      return {
        ...open,
        readAll: () => streamed(of, open.readAll()),
        readSpan: (span) => streamed(of, open.readSpan(span)),
        locate: () => awaited(of, open.locate()),
      };
    },
  };
}
