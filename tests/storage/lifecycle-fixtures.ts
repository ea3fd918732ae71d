import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  LifecycleAction as Action,
  type LifecycleRuleSchema,
  LifecycleService,
} from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { TestDatabase } from "../lib/test-database.ts";
import type { RunningService } from "../lib/test-mesh.ts";

export type RuleInit = MessageInitShape<typeof LifecycleRuleSchema>;

const days = (count: number) => durationFromMs(count * 24 * 3600 * 1000);

export const expireAfter = (count: number, rule: RuleInit = {}): RuleInit => ({
  name: `expire-${count}`,
  action: Action.EXPIRE,
  minAge: days(count),
  ...rule,
});

export const coolAfter = (count: number, rule: RuleInit = {}): RuleInit => ({
  name: `cool-${count}`,
  action: Action.COOL,
  minIdle: days(count),
  ...rule,
});

export const setRules = (service: RunningService, who: Principal, rules: RuleInit[], namespace = "") =>
  service.client(LifecycleService, who).setLifecycleRules({ namespace, rules });

/** Lets a file have been uploaded some days ago, and have been read some days ago if that is given. */
export async function age(
  { sql }: TestDatabase,
  fileId: string,
  uploadedDays: number,
  readDays?: number,
): Promise<void> {
  await sql`update storage.files set create_time = now() - ${uploadedDays}::int * interval '1 day'
    where file_id = ${fileId}`;
  if (readDays !== undefined)
    await sql`update storage.files set last_read_time = now() - ${readDays}::int * interval '1 day'
      where file_id = ${fileId}`;
}
