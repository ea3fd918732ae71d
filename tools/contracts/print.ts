/** A generated module of one contract, and the name of its descriptor there. */
export type Contract = { readonly name: string; readonly module: string };

const header =
  "// Written by `npm run generate` from the contracts in proto/ and the folders of services/.\n";

/** Source text of gen/services.ts. */
export const printServiceNames = (services: readonly string[], withTables: readonly string[]): string =>
  `${header}
/** Services of the mesh. Each is a package of contracts, a folder of services/ and a process. */
export const serviceNames = ${listOf(services)} as const;

export type ServiceName = (typeof serviceNames)[number];

/** The services that have tables: each of them has a role and a schema in the database. */
export const databaseServiceNames = ${listOf(withTables)} as const;

export type DatabaseServiceName = (typeof databaseServiceNames)[number];
`;

const listOf = (names: readonly string[]): string =>
  `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;

/** Source text of gen/contracts.ts. */
export const printContracts = (contracts: readonly Contract[]): string =>
  `${header}
import type { DescFile } from "@bufbuild/protobuf";
${contracts.map(({ name, module }) => `import { ${name} } from "./${module}";`).join("\n")}

/** Contracts with methods that callers of the edge may call. */
export const exposedContracts: readonly DescFile[] = [
${contracts.map(({ name }) => `  ${name},`).join("\n")}
];
`;

/** Source text of services/all-in-one/services.ts. */
export const printServiceTable = (services: readonly string[]): string =>
  `${header}
import type { ServiceName } from "../../gen/services.ts";
${services.toSorted().map(importsOf).join("\n")}
import { defineService, type Service } from "./define-service.ts";

/** The services that run in one process, by name. */
export const services: Readonly<Record<ServiceName, Service>> = {
${services.map((name) => `  ${name}: defineService(${configOf(name)}, ${runOf(name)}),`).join("\n")}
};
`;

const importsOf = (name: string): string =>
  [
    `import { parseConfig as ${configOf(name)} } from "../${name}/config.ts";`,
    `import { run as ${runOf(name)} } from "../${name}/run.ts";`,
  ].join("\n");

const configOf = (name: string): string => `parse${capitalized(name)}Config`;
const runOf = (name: string): string => `run${capitalized(name)}`;
const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
