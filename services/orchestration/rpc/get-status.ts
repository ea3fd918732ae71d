import type { MethodImpl } from "@connectrpc/connect";
import { EngineProtection, type StatusService } from "../../../gen/sluice/orchestration/v1/status_pb.ts";
import type { Protection } from "../confinement/layers.ts";
import type { OrchestrationDeps } from "../deps.ts";

const numbers: Readonly<Record<Protection, EngineProtection>> = {
  files: EngineProtection.FILES,
  network: EngineProtection.NETWORK,
  signals: EngineProtection.SIGNALS,
  privileges: EngineProtection.PRIVILEGES,
  systemCalls: EngineProtection.SYSTEM_CALLS,
  user: EngineProtection.USER,
  memory: EngineProtection.MEMORY,
};

export const getStatus =
  ({ engine }: OrchestrationDeps): MethodImpl<typeof StatusService.method.getStatus> =>
  () => {
    const { holds, memory, busyCount, memoryBytes } = engine.status();
    const protections = Object.entries(numbers).map(([name, protection]) => ({
      protection,
      holds: holds.has(name as Protection),
    }));
    return {
      engine: {
        protections: protections.toSorted((left, right) => left.protection - right.protection),
        processMemoryBytesMax: BigInt(memory.processBytes),
        memoryBytesMax: BigInt(memory.totalBytes),
        busyProcessCount: busyCount,
        memoryBytes: BigInt(memoryBytes),
      },
    };
  };
