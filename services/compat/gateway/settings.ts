import { z } from "zod";

/** Settings of the JWT gateway's API. */
export const gatewayEnv = {
  /** Name of the organisation that users who register belong to. Unset: nobody may register. */
  GATEWAY_REGISTRATION_ORG: z.string().max(200, "must have 200 characters or fewer").optional(),
  GATEWAY_REGISTRATION_ROLE: z.enum(["viewer", "editor"], "must be viewer or editor").default("viewer"),
};

/** What becomes of users who register without a credential. */
export type Registration = { readonly org: string; readonly role: "viewer" | "editor" };

export const registrationOf = (read: {
  GATEWAY_REGISTRATION_ORG?: string | undefined;
  GATEWAY_REGISTRATION_ROLE: Registration["role"];
}): Registration | undefined =>
  read.GATEWAY_REGISTRATION_ORG === undefined
    ? undefined
    : { org: read.GATEWAY_REGISTRATION_ORG, role: read.GATEWAY_REGISTRATION_ROLE };
