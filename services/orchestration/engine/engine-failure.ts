import type { FailureKind } from "./protocol.ts";

/** Why the engine failed a task; the message is written for callers. */
export class EngineFailure extends Error {
  override name = "EngineFailure";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
