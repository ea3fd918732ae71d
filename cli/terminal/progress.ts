import { neutralise } from "./neutralise.ts";
import type { Terminal } from "./terminal.ts";
import { shorten, textWidth } from "./width.ts";

const redrawMs = 100;
const barWidth = 24;

/** A line on standard error that is replaced until it is cleared. Without a terminal there is none. */
export type LiveLine = Disposable & {
  /** Shows a label and figures instead of the last ones, at most ten times a second. The label is shortened if both do not fit. */
  show(label: string, figures?: string): void;
  clear(): void;
};

export function openLiveLine({ showsProgress }: Pick<Terminal, "showsProgress">): LiveLine {
  let drawnMs = 0;
  let isDrawn = false;
  const clear = () => {
    if (isDrawn) process.stderr.write("\r\x1b[K");
    isDrawn = false;
    drawnMs = 0;
  };
  return {
    show(label, figures = "") {
      if (!showsProgress || Date.now() - drawnMs < redrawMs) return;
      drawnMs = Date.now();
      isDrawn = true;
      process.stderr.write(
        `\r${fitLine(neutralise(label), figures, (process.stderr.columns || 80) - 1)}\x1b[K`,
      );
    },
    clear,
    [Symbol.dispose]: clear,
  };
}

const labelWidthMin = 8;

/**
 * A label and figures on one line: first the label becomes shorter, then the figures.
 *
 * @internal A test of the line itself would need a terminal of each width.
 */
export function fitLine(label: string, figures: string, columns: number): string {
  if (figures === "") return shorten(label, columns);
  const left = Math.max(labelWidthMin, columns - textWidth(figures) - 2);
  return shorten(`${shorten(label, left)}  ${figures}`, columns);
}

/** A bar of the part that is done; of unknown length if nothing is known of the whole. */
export function formatBar(done: number, whole: number): string {
  if (whole <= 0) return "";
  const part = Math.min(1, done / whole);
  const full = Math.round(part * barWidth);
  return `${"█".repeat(full)}${"░".repeat(barWidth - full)} ${String(Math.floor(part * 100)).padStart(3)}%`;
}

/** Weight of the newest second against all earlier ones. */
const newestWeight = 0.3;

/** Measures a rate in units per second, of which the last seconds count most. */
export function createRate(nowMs: () => number = () => performance.now()): {
  add(amount: number): void;
  perSecond(): number;
} {
  const start = nowMs();
  let since = start;
  let pending = 0;
  let rate = 0;
  return {
    add(amount) {
      pending += amount;
      const elapsed = nowMs() - since;
      if (elapsed < 1000) return;
      const newest = (pending * 1000) / elapsed;
      rate = rate === 0 ? newest : rate * (1 - newestWeight) + newest * newestWeight;
      since = nowMs();
      pending = 0;
    },
    perSecond: () => rate || (pending * 1000) / Math.max(1, nowMs() - start),
  };
}

/** The time that the rest takes at this rate: `1:05 left`. */
export function formatTimeLeft(rest: number, perSecond: number): string {
  if (perSecond <= 0) return "";
  const seconds = Math.ceil(rest / perSecond);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  if (hours > 99) return "days left";
  return hours > 0
    ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)} left`
    : `${minutes}:${two(seconds % 60)} left`;
}
