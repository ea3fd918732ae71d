/** Attempts after a lost connection without progress: two and a half minutes, as the delays grow up to half a minute. */
export const retriesDefault = 9;
export const delayFirstMs = 500;
export const delayMaxMs = 30_000;
