import { deserialize, serialize } from "node:v8";

/**
 * A serialized value. The IPC channel carries JSON, which would lose -0, bigint and undefined, so values are serialized as V8
 * does.
 */
export type Serialized = string;

export const serializeValue = (value: unknown): Serialized => serialize(value).toString("base64");
export const deserializeValue = (text: Serialized): unknown => deserialize(Buffer.from(text, "base64"));

/** Messages of the service. */
export type ToProcess =
  | {
      readonly kind: "request";
      readonly id: number;
      readonly operation: string;
      /** Includes the login: nothing secret is in the environment of the process. */
      readonly body: Serialized;
    }
  | { readonly kind: "cancel"; readonly id: number };

/** Messages of a source's process: for each request any number of parts, then one reply or failure. */
export type FromProcess =
  | { readonly kind: "part" | "reply" | "failure"; readonly id: number; readonly body: Serialized }
  /** The process is about to exit. All of its requests fail. */
  | { readonly kind: "exiting"; readonly cause: ExitCause; readonly detail: string };

export type ExitCause = "memory" | "fault";
