import { link, mkdir, open, rename, rm, stat, statfs, utimes } from "node:fs/promises";

/** The functions of the file system that change objects and open them. */
export type DiskFiles = {
  readonly link: typeof link;
  readonly mkdir: typeof mkdir;
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
  readonly stat: typeof stat;
  readonly statfs: typeof statfs;
  readonly utimes: typeof utimes;
};

export const diskFiles: DiskFiles = { link, mkdir, open, rename, rm, stat, statfs, utimes };
