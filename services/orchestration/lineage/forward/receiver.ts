import { z } from "zod";

/** A receiver of OpenLineage events, such as Marquez. */
export type Receiver = {
  /** Identifies the receiver in the database. */
  readonly name: string;
  /** URL to post events to. */
  readonly url: string;
  /** Bearer token. */
  readonly token?: string | undefined;
};

const receiversMax = 10;

const receiver = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,50}$/),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => new URL(url).username === "" && new URL(url).password === ""),
  token: z.string().min(1).max(10_000).optional(),
});

const problem =
  `must be a JSON array of up to ${receiversMax} receivers, as [{"name": "marquez", "url": ` +
  '"https://marquez.example.com/api/v1/lineage", "token": "..."}]: names of a-z, 0-9 and -, each once; http or https URLs ' +
  "without a password; the token is optional";

/** The secret `openlineage_receivers`. Its values are never shown. */
export const receiversSetting = z
  .string()
  .default("[]")
  .transform((text, context): readonly Receiver[] => {
    try {
      const receivers = z.array(receiver).max(receiversMax).parse(JSON.parse(text));
      if (new Set(receivers.map(({ name }) => name)).size === receivers.length) return receivers;
    } catch {
      // The message names no value.
    }
    context.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });
