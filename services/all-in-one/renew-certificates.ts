import { z } from "zod";
import { parseEnv } from "../lib/settings/env.ts";
import { issueCertificates } from "./mesh-certificate-files.ts";
import { processNames } from "./process-names.ts";

const settings = z.object({
  PROVISION_DIR: z.string("is required: the folder that npm run provision has written"),
});

try {
  const { PROVISION_DIR: folder } = parseEnv(settings, process.env);
  await issueCertificates(folder, processNames);
  console.log(`certificates of ${processNames.join(", ")} are in ${folder}`);
} catch (error) {
  console.error(`renew certificates: ${(error as Error).message}`);
  process.exitCode = 1;
}
