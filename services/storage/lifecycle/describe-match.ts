import type { Match } from "./match-repository.ts";

const units = [
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Why a rule matches a file, for people. */
export function describeMatch({ rule, ageSeconds, idleSeconds }: Match): string {
  const reasons = [
    ...(rule.minAgeSeconds === undefined
      ? []
      : [`uploaded ${format(ageSeconds)} ago, and the rule says ${format(rule.minAgeSeconds)}`]),
    ...(rule.minIdleSeconds === undefined
      ? []
      : [`not read for ${format(idleSeconds)}, and the rule says ${format(rule.minIdleSeconds)}`]),
    ...(rule.category === "upload" ? [] : [`its category is ${rule.category}`]),
    ...(rule.kind === undefined ? [] : [`its kind is ${rule.kind}`]),
    ...(rule.tags?.length ? [`it has the tags ${rule.tags.join(", ")}`] : []),
    ...(rule.prefix === "" ? [] : [`its name begins with ${JSON.stringify(rule.prefix)}`]),
  ];
  return reasons.join("; ");
}

/** A duration in the largest unit that has at least one of it, rounded down. */
function format(seconds: number): string {
  const [unit, unitSeconds] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  const count = Math.floor(seconds / unitSeconds);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
