import { create } from "@bufbuild/protobuf";
import { type Duration, durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import {
  FileHoldKind,
  LifecycleAction,
  type LifecycleOutcome,
  LifecycleOutcomeSchema,
  type LifecycleRule,
  LifecycleRuleSchema,
} from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import type { HoldKind } from "../holds/hold-repository.ts";
import { fromCategory, fromKind, toCategory, toFile, toKind } from "../message.ts";
import { describeMatch } from "./describe-match.ts";
import type { Match } from "./match-repository.ts";
import type { Rule } from "./rule.ts";

const actions = enumWords<Rule["action"], LifecycleAction>({
  expire: LifecycleAction.EXPIRE,
  cool: LifecycleAction.COOL,
});

const holdKinds: Readonly<Record<HoldKind, FileHoldKind>> = {
  legal: FileHoldKind.LEGAL,
  approval: FileHoldKind.APPROVAL,
};

export function toRule({
  name,
  action,
  disabled,
  category,
  minAge,
  minIdle,
  prefix,
  tags,
  kind,
}: LifecycleRule): Rule {
  const uploadKind = toKind(kind);
  return {
    name,
    action: actions.toWord(action) ?? "cool",
    disabled,
    category: toCategory(category) ?? "upload",
    prefix,
    ...(tags.length > 0 && { tags }),
    ...(uploadKind && { kind: uploadKind }),
    ...(minAge && { minAgeSeconds: secondsOf(minAge) }),
    ...(minIdle && { minIdleSeconds: secondsOf(minIdle) }),
  };
}

export function fromRule({
  minAgeSeconds,
  minIdleSeconds,
  action,
  category,
  tags = [],
  kind,
  ...rule
}: Rule): LifecycleRule {
  return create(LifecycleRuleSchema, {
    ...rule,
    tags: [...tags],
    action: actions.toValue(action),
    category: fromCategory(category),
    ...(kind && { kind: fromKind(kind) }),
    ...(minAgeSeconds !== undefined && { minAge: durationFromMs(minAgeSeconds * 1000) }),
    ...(minIdleSeconds !== undefined && { minIdle: durationFromMs(minIdleSeconds * 1000) }),
  });
}

const secondsOf = (duration: Duration): number => durationMs(duration) / 1000;

export const toOutcome = (match: Match): LifecycleOutcome =>
  create(LifecycleOutcomeSchema, {
    file: toFile(match.file),
    action: actions.toValue(match.rule.action),
    rule: match.rule.name,
    ruleNamespace: match.rule.namespace,
    reason: describeMatch(match),
    held: match.heldBy !== null,
    heldBy: match.heldBy ? holdKinds[match.heldBy] : FileHoldKind.UNSPECIFIED,
  });
