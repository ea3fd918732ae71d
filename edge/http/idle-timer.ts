/** Calls back once when it was not refreshed for a while. */
export type IdleTimer = { refresh(): void; end(): void };

export function createIdleTimer(idleMs: number, ended: (idleMs: number) => void): IdleTimer {
  const timer = setTimeout(() => ended(idleMs), idleMs);
  let isOver = false;
  return {
    refresh() {
      // `refresh` would start a cleared timer again.
      if (!isOver) timer.refresh();
    },
    end() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
