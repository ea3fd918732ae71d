import { deserialize, serialize } from "node:v8";

/**
 * A value on its way between processes. The channel itself carries JSON, which has no -0, no bigint and no undefined:
 * a query's values must arrive as they are.
 */
export type Packed = string;

export const pack = (value: unknown): Packed => serialize(value).toString("base64");
export const unpack = (packed: Packed): unknown => deserialize(Buffer.from(packed, "base64"));

/** What the serving process sends. */
export type ToProcess =
  | {
      readonly kind: "request";
      readonly id: number;
      readonly operation: string;
      /** Connector, settings, password and addresses come with each request: nothing of them is in the environment. */
      readonly body: Packed;
    }
  | { readonly kind: "cancel"; readonly id: number };

/** What a source's process sends: any number of parts for a request, then one reply or one failure. */
export type FromProcess =
  | { readonly kind: "part" | "reply" | "failure"; readonly id: number; readonly body: Packed }
  /** The process is about to end by itself, with all of its requests. */
  | { readonly kind: "ending"; readonly cause: EndingCause; readonly detail: string };

export type EndingCause = "memory" | "fault";
