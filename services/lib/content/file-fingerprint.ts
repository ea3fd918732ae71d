import type { BigIntStats } from "node:fs";

/**
 * Changes whenever somebody writes to a file, or puts another in its place. The time of the last change can't be set
 * from outside, unlike the time of the last write.
 */
export const fileFingerprint = ({ ino, size, ctimeNs }: BigIntStats): string => `${ino}-${size}-${ctimeNs}`;
