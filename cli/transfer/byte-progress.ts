import type { Call } from "../command/call.ts";
import { createRate, formatBar, formatTimeLeft, openLiveLine } from "../terminal/progress.ts";
import { formatSize } from "../terminal/value.ts";

/** What a transfer reports while it runs. */
export type TransferReport = {
  /** Counts bytes that were transferred. */
  advance(bytes: number): void;
  /** Counts bytes that need no transfer, or, if negative, bytes that have to be sent again. */
  skip(bytes: number): void;
  /** Tells people something, above the bar. Scripts get none of it: with `--json` there is nothing but results and errors. */
  note(text: string): void;
};

/** Shows how much of some files is transferred. */
export type ByteProgress = Disposable & TransferReport;

/** `wholeBytes` is zero if it is not known. */
export function showBytes(
  { terminal, json }: Pick<Call, "terminal" | "json">,
  label: string,
  wholeBytes: number,
): ByteProgress {
  const line = openLiveLine(terminal);
  const rate = createRate();
  let done = 0;
  const show = () => {
    const perSecond = rate.perSecond();
    const of = wholeBytes > 0 ? ` of ${formatSize(wholeBytes)}` : "";
    const left = wholeBytes > 0 ? formatTimeLeft(wholeBytes - done, perSecond) : "";
    const bar = formatBar(done, wholeBytes);
    const parts = [bar, `${formatSize(done)}${of}`, `${formatSize(perSecond)}/s`, left];
    line.show(label, parts.filter(Boolean).join("  "));
  };
  return {
    advance(bytes) {
      done += bytes;
      rate.add(bytes);
      show();
    },
    skip(bytes) {
      done += bytes;
      show();
    },
    note(text) {
      if (json) return;
      line.clear();
      terminal.note(text);
    },
    [Symbol.dispose]: () => line.clear(),
  };
}
