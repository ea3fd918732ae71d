/** Ends what nothing happens on any more. */
export type IdleTimer = { refresh(): void; end(): void };

export function createIdleTimer(idleMs: number, ended: (idleMs: number) => void): IdleTimer {
  const timer = setTimeout(() => ended(idleMs), idleMs);
  let isOver = false;
  return {
    refresh() {
      // A timer that was cleared would run again.
      if (!isOver) timer.refresh();
    },
    end() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
