import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstMissing, toolsFolder } from "../../../clients/generate/language.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import type { Step } from "../journey.ts";
import type { Journey, Kit, Lane } from "../lane.ts";

const module = "github.com/GoogleCloudPlatform/terraform-provider-cdap";
const binaries = join(toolsFolder, "terraform");
const provider = join(binaries, "terraform-provider-cdap");
/** A provider that was built elsewhere: for machines whose module proxy does not have it. */
const { TERRAFORM_PROVIDER_CDAP: given } = process.env;
const buildMsMax = 300_000;

/** Builds the provider from the Go module proxy. Returns why that fails. */
function buildProvider(): string | undefined {
  mkdirSync(binaries, { recursive: true });
  if (given) copyFileSync(given, provider);
  if (given || existsSync(provider)) return undefined;
  const { status } = spawnSync("go", ["install", `${module}@latest`], {
    env: { ...process.env, GOBIN: binaries },
    stdio: "ignore",
    timeout: buildMsMax,
  });
  if (status === 0) return undefined;
  return "the provider can't be built from the Go module proxy; TERRAFORM_PROVIDER_CDAP can name one that is built";
}

const kit: Kit = {
  isOptional: true,
  missing: () => firstMissing(["terraform", "version"], ["go", "version"]) ?? buildProvider(),
  prepare() {},
};

const steps: readonly Step[] = [
  {
    step: "apply",
    status: 0,
    namespaces: ["default", "terraform"],
    preferences: { region: "emea", retries: "3" },
  },
  { step: "plan again", status: 0 },
  { step: "destroy", status: 0, namespaces: ["default"] },
];

/** Namespaces and preferences by the real Terraform provider for CDAP. */
export const terraformLane: Lane = {
  name: "Terraform, provider for CDAP",
  kit,
  steps,
  async run(journey, report) {
    await using folder = await temporaryFolder();
    const configuration = join(folder.path, "terraform.rc");
    writeFileSync(
      configuration,
      `provider_installation {\n  dev_overrides { "GoogleCloudPlatform/cdap" = ${JSON.stringify(binaries)} }\n  direct {}\n}\n`,
    );
    copyFileSync(join(import.meta.dirname, "main.tf"), join(folder.path, "main.tf"));
    const token = await logIn(journey);
    const terraform = (...args: readonly string[]): number | null =>
      spawnSync("terraform", [...args, "-input=false", "-no-color"], {
        cwd: folder.path,
        env: {
          ...process.env,
          CHECKPOINT_DISABLE: "1",
          TF_CLI_CONFIG_FILE: configuration,
          TF_VAR_url: journey.url,
          TF_VAR_token: token,
        },
        stdio: ["ignore", "ignore", "inherit"],
      }).status;
    const read = (path: string) => readJson(`${journey.url}${path}`, `Bearer ${token}`);
    const names = async () => {
      const namespaces = (await read("/v3/namespaces")) as readonly { readonly name: string }[];
      return namespaces.map(({ name }) => name);
    };
    const applied = terraform("apply", "-auto-approve");
    const preferences = await read("/v3/namespaces/terraform/preferences");
    report({ step: "apply", status: applied, namespaces: await names(), preferences });
    // With this flag, 2 says that something would change.
    report({ step: "plan again", status: terraform("plan", "-detailed-exitcode") });
    report({ step: "destroy", status: terraform("destroy", "-auto-approve"), namespaces: await names() });
  },
};

async function logIn({ url, email, password }: Journey): Promise<string> {
  const login = Buffer.from(`${email}:${password}`).toString("base64");
  const { access_token } = (await readJson(`${url}/token`, `Basic ${login}`)) as { access_token: string };
  return access_token;
}

const readJson = async (url: string, authorization: string): Promise<unknown> =>
  (await fetch(url, { headers: { authorization } })).json();
