import type { LineageEntity } from "./lineage.ts";

/** Id of background work, which acts for no user. */
const nilUserId = "00000000-0000-0000-0000-000000000000";

/** Names a user as the owner of Sluice's own entity. */
export const withOwner =
  (userId: string) =>
  (entity: LineageEntity): LineageEntity =>
    userId === "" || userId === nilUserId
      ? entity
      : { ...entity, owners: { names: [userId], time: new Date().toISOString() } };
