/**
 * Restrictions that are applied before a process starts. Each is independent of the others. The order is that in which they
 * are dropped on platforms without them.
 */
export const layers = [
  /** A user of its own, where this process is root. */
  "user",
  /** A seccomp filter that allows only the system calls needed to compute and to read files. */
  "systemCalls",
  /** A network namespace of its own, without an interface. */
  "network",
  /** Landlock: only the named files, no signals to other processes. */
  "files",
  /** PR_SET_NO_NEW_PRIVS: executing a program grants no rights. */
  "privileges",
  /** RLIMIT_DATA. */
  "memory",
] as const;

/** Protections that a probe tests. */
export const protections = [...layers, "signals"] as const;
export type Protection = (typeof protections)[number];

export type Layer = (typeof layers)[number];

/** File descriptor of the channel to the parent. */
export const channelDescriptor = 3;

/** Argument of the launcher. All paths are absolute. */
export type LaunchPlan = {
  readonly layers: readonly Layer[];
  /** The program's working directory, and the only folder that it may write to. */
  readonly directory: string;
  /** Files and folders that it may read and execute. */
  readonly readable: readonly string[];
  /** Limit of the process's private memory, in bytes. */
  readonly memoryBytes: number;
  /** User and group id of the process. */
  readonly userId: number;
  /** The program is killed when this process ends. */
  readonly parentPid: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeOptions: readonly string[];
  readonly program: string;
};
