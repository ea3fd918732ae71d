import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FileTierSchema } from "../../../gen/compat/rivergen/v1/lifecycle_pb.ts";
import type { File } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { FileTier } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import { exactNumber } from "./exact-number.ts";

const tiers = enumWords<string, FileTier>({ warm: FileTier.WARM, cold: FileTier.COLD });

export const toTier = (
  { objectName, sizeBytes }: File,
  { tier, storedBytes }: { tier: FileTier; storedBytes: bigint },
): MessageInitShape<typeof FileTierSchema> => ({
  objectName,
  tier: tiers.toWord(tier) ?? "",
  sizeBytes: exactNumber(sizeBytes),
  storedBytes: exactNumber(storedBytes),
});
