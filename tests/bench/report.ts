import { availableParallelism, cpus, totalmem } from "node:os";
import type { Comparison, Figure } from "./compare.ts";
import { isMet, type Target } from "./row.ts";

/** A row in the output of `--json`. */
export type Result = {
  readonly name: string;
  readonly against: string | null;
  readonly target: Target | null;
  /** Null if the row was skipped, failed, or has no comparison. */
  readonly ratio: number | null;
  readonly leftOut?: string;
  readonly failed?: string;
} & Partial<Omit<Comparison, "ratio"> | Figure>;

/** The machine and versions of the run. */
export const describeMachine = () => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? "",
  memoryGib: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
});

export function describeResult(result: Result): string {
  if (result.leftOut !== undefined) return `left out: ${result.leftOut}`;
  if (result.failed !== undefined) return `failed: ${result.failed}`;
  const value = result.ratio ?? ("value" in result ? result.value : undefined) ?? Number.NaN;
  const unit = "unit" in result ? result.unit : undefined;
  return [format(value, unit), describeTarget(value, result.target), describePeak(result)]
    .filter((text) => text !== "")
    .join(" ");
}

function format(value: number, unit: string | undefined): string {
  if (unit === undefined || unit === "x") return value.toFixed(2);
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
}

function describeTarget(value: number, target: Target | null): string {
  if (target === null) return "";
  const bound = typeof target === "number" ? target : "atLeast" in target ? target.atLeast : target.atMost;
  const kind = typeof target === "object" && "atMost" in target ? "at most " : "";
  return `(target ${kind}${bound}: ${isMet(value, target) ? "met" : "missed"})`;
}

function describePeak(result: Result): string {
  const { ours, other } = ("peakMb" in result && result.peakMb) || {};
  if (ours === undefined && other === undefined) return "";
  const mb = (value: number | undefined) => (value === undefined ? "?" : value.toFixed(0));
  return `[peak memory ${mb(ours)} MB, the other's ${mb(other)} MB]`;
}
