import { EngineFailure } from "../engine-failure.ts";
import type { MemoryExcess, MemoryLimits } from "../memory-watch.ts";
import type { Crash } from "./engine-child.ts";

/** Out-of-memory texts of Node, V8 and the C++ library. */
const outOfMemory = /out of memory|bad_alloc|Allocation failed|Cannot allocate memory/i;

export function crashFailure(
  { exitCode, signal, stderrTail, killedExternally }: Crash,
  limits: MemoryLimits,
): EngineFailure {
  if (outOfMemory.test(stderrTail)) return memoryFailure("process", limits);
  // A kill by the kernel's OOM killer or an operator is not the fault of the file or statement.
  const kind = killedExternally ? "killed" : "crashed";
  return new EngineFailure(kind, `the engine's process ended by ${signal ?? `exit code ${exitCode}`}`);
}

export function memoryFailure(
  excess: MemoryExcess,
  { processBytes, totalBytes }: MemoryLimits,
): EngineFailure {
  return new EngineFailure(
    "memory",
    excess === "process"
      ? `it needs more memory than the ${mebibytes(processBytes)} that one execution has`
      : `all executions together need more memory than the ${mebibytes(totalBytes)} that they have, and this one took the most`,
  );
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
