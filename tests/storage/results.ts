import { createHash } from "node:crypto";
import { ResultCacheService } from "../../gen/sluice/storage/v1/result_cache_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { RunningService } from "../lib/test-mesh.ts";

/** A client that calls as orchestration, on behalf of a user. */
export const resultsOf = (service: RunningService, who: Principal, process = "orchestration") =>
  service.client(ResultCacheService, who, process);

/** Key of a result. */
export const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Lifetime or lease of a minute. */
export const minute = { seconds: 60n };
