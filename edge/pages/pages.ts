import { readFile } from "node:fs/promises";
import packageJson from "../../package.json" with { type: "json" };
import type { CompatApi } from "../dialects/compat-api.ts";
import { readContract } from "../method/description.ts";
import { docsAssets, docsPages, type OtherPage } from "./docs-page.ts";
import { lazily, type Pages, pageOf, revalidated } from "./page.ts";
import { referencePage } from "./reference-page.ts";

/** The generated description of an API. */
export type Description = {
  /** A google.protobuf.FileDescriptorSet. */
  readonly descriptors: Uint8Array;
  readonly openApiJson: string;
  readonly openApiYaml: string;
};

const generated = new URL("../../gen/", import.meta.url);

/**
 * Reads the description of an API from its folder in gen/: Sluice's own, or `compat/<system>/`.
 * @internal Exported for tests of the generated documents.
 */
export async function readDescription(folder = ""): Promise<Description> {
  const read = (name: string) => readFile(new URL(`${folder}${name}`, generated));
  const [descriptors, openApiJson, openApiYaml] = await Promise.all([
    read("descriptors.binpb"),
    read("openapi.json"),
    read("openapi.yaml"),
  ]);
  return { descriptors, openApiJson: String(openApiJson), openApiYaml: String(openApiYaml) };
}

/** The pages that describe the APIs: Sluice's own, and compat APIs below `/compat/<system>/`. */
export function createPages(
  read: (folder: string) => Promise<Description> = readDescription,
  compatApis: readonly CompatApi[] = [],
): Pages {
  return new Map([
    ...apiPages("Sluice: API", "/", () => read(""), compatApis.flatMap(otherPages)),
    [
      "/.well-known/sluice",
      lazily(async () =>
        pageOf("application/json", `${JSON.stringify(about(await read("")))}\n`, revalidated),
      ),
    ] as const,
    ...docsAssets(),
    ...compatApis.flatMap((api) => compatPages(api, () => read(`compat/${api.system}/`))),
  ]);
}

const otherPages = ({ system, title, pages }: CompatApi): OtherPage[] => [
  { title, path: `compat/${system}/docs` },
  ...(pages ? [{ title: `${title}: reference`, path: pages.reference.slice(1) }] : []),
];

/** The documents of a compat API, where Sluice has them and where the system itself does. */
function compatPages({ system, title, pages }: CompatApi, read: () => Promise<Description>) {
  const folder = `/compat/${system}/`;
  const own = apiPages(`Sluice: ${title}`, folder, read, [{ title: "Sluice", path: "docs" }]);
  if (!pages) return own;
  const json = (path: string, load: () => Promise<string | Uint8Array>) =>
    [path, lazily(async () => pageOf("application/json", await load(), revalidated))] as const;
  return [
    ...own,
    json(`${folder}postman.json`, () => readFile(new URL(`compat/${system}/postman.json`, generated))),
    json(pages.openApi, async () => (await read()).openApiJson),
    [pages.reference, lazily(async () => referencePage((await read()).openApiJson))] as const,
  ];
}

/** The documents of one API, below a path that ends with a slash. */
function apiPages(
  title: string,
  folder: string,
  read: () => Promise<Description>,
  others: readonly OtherPage[],
) {
  const page = (name: keyof Description, path: string, contentType: string) =>
    [`${folder}${path}`, lazily(async () => pageOf(contentType, (await read())[name], revalidated))] as const;
  return [
    page("openApiJson", "openapi.json", "application/json"),
    page("openApiYaml", "openapi.yaml", "application/yaml"),
    page("descriptors", "descriptors.binpb", "application/x-protobuf"),
    ...docsPages(title, folder, others),
  ];
}

/** Discovery document for programs. Its URLs are relative to the base URL of the edge. */
function about({ descriptors }: Description) {
  const contract = readContract(descriptors);
  const services = contract.services.map(({ typeName }) => typeName).sort();
  const versions = services.flatMap((name) => /\.(v\d+\w*)\./.exec(name)?.[1] ?? []);
  return {
    product: packageJson.name,
    version: packageJson.version,
    apiVersions: [...new Set(versions)].sort(),
    protocols: ["rest", "connect", "grpc", "grpc-web"],
    services,
    openapi: { json: "/openapi.json", yaml: "/openapi.yaml" },
    docs: "/docs",
    descriptors: { url: "/descriptors.binpb", sha256: contract.sha256 },
  };
}
