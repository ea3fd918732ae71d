/**
 * Restrictions that a process is started with, each independent of the others, in the order in which they are given up
 * where the platform does not have them.
 */
export const layers = [
  /** A user of its own, where this process is root. */
  "user",
  /** A seccomp filter: only the system calls that computing and reading files take. */
  "systemCalls",
  /** A network namespace of its own, without an interface. */
  "network",
  /** Landlock: no file but those named, no signal to other processes. */
  "files",
  /** No way to gain rights by executing a program. */
  "privileges",
  /** RLIMIT_DATA. */
  "memory",
] as const;

/** What a confined process can't do, as found by trying. */
export const protections = [...layers, "signals"] as const;
export type Protection = (typeof protections)[number];

export type Layer = (typeof layers)[number];

/** The descriptor that leads to the parent. */
export const channelDescriptor = 3;

/** What the launcher applies before it becomes the program; absolute paths throughout. */
export type LaunchPlan = {
  readonly layers: readonly Layer[];
  /** The program's own folder and working directory: the only one that it may write to. */
  readonly directory: string;
  /** Files and folders that it may read and execute. */
  readonly readable: readonly string[];
  /** Private memory of the process. */
  readonly memoryBytes: number;
  /** User and group id of its own. */
  readonly userId: number;
  /** The process that it must not outlive. */
  readonly parentPid: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeOptions: readonly string[];
  readonly program: string;
};
