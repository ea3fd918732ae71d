import type { BigIntStats } from "node:fs";

/**
 * Changes whenever a file is written or replaced. Unlike mtime, ctime can't be set by a program.
 */
export const fileFingerprint = ({ ino, size, ctimeNs }: BigIntStats): string => `${ino}-${size}-${ctimeNs}`;
