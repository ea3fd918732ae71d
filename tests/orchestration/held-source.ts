import { randomUUID } from "node:crypto";
import { createSource, type Orchestration, type User } from "./orchestration.ts";

/**
 * A source with the table `held` of one row, whose bytes arrive when the test releases them. A reader holds its permit until
 * then.
 */
export async function createHeldSource({ peers }: Orchestration, user: User) {
  // A unique row, so that the bytes are not cached.
  const fileId = peers.addFile(user.who, "held.csv", `id\n${randomUUID()}\n`);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const before = peers.beforeBytes;
  peers.beforeBytes = (id) => (id === fileId ? promise : before(id));
  return { sourceId: await createSource(user, "file", { fileId }), fileId, release };
}
