import { z } from "zod";
import type { Env } from "../../services/lib/settings/env.ts";
import { type CompatApi, compatApis, type PortOfApi } from "./compat-api.ts";
import type { Dialect } from "./dialect.ts";

/** The value for no API at all. An empty setting counts as unset, so it stands for all of them. */
const none = "none";

/**
 * The setting that chooses among compat APIs: comma-separated names, or `none`; by default all without ports of their own.
 * @internal Exported for tests, whose compat API is a sample.
 */
export const compatEnv = (apis: readonly CompatApi[]) => ({
  COMPAT_APIS: z
    .string()
    .default(
      apis
        .filter(({ ports }) => !ports)
        .map(({ system }) => system)
        .join(","),
    )
    .transform((text) => (text === none ? [] : text.split(",").flatMap((name) => name.trim() || [])))
    .refine(
      (names) => names.every((name) => apis.some(({ system }) => system === name)),
      `must be names with commas between, of ${apis.map(({ system }) => system).join(", ") || "none that there are"}`,
    )
    .transform((names) => apis.filter(({ system }) => names.includes(system))),
});

const rivergenPortsDefault = "8000,8002,8003";

/** RiverGen's ports, in the order of its parts: orchestration, storage and staging; or one for all of them. */
const rivergenPorts = z
  .string()
  .regex(/^\d{1,5}(,\d{1,5},\d{1,5})?$/, "must be a port number, or three with commas between")
  .default(rivergenPortsDefault)
  .transform((text) => text.split(",").map(Number))
  .refine((ports) => ports.every((port) => port <= 65_535), "must be port numbers")
  .refine((ports) => new Set(ports.filter(Boolean)).size === ports.filter(Boolean).length, "must differ");

export const standardCompatEnv = { ...compatEnv(compatApis), RIVERGEN_PORTS: rivergenPorts };

/** A port of an API of another system. */
export type CompatPort = PortOfApi & { readonly port: number; readonly dialect: Dialect };

/** The ports of the APIs that have their own. A single one is for all parts of its API. */
export function compatPortsOf(apis: readonly CompatApi[], ports: readonly number[]): CompatPort[] {
  return apis.flatMap(({ dialect, ports: parts = [] }) =>
    ports.length === 1
      ? merged(parts).map((part) => ({ ...part, dialect, port: ports[0] ?? 0 }))
      : parts.map((part, index) => ({ ...part, dialect, port: ports[index] ?? 0 })),
  );
}

const merged = (parts: readonly PortOfApi[]): PortOfApi[] =>
  parts.length === 0
    ? []
    : [
        {
          services: parts.flatMap(({ services }) => services),
          natives: [...new Set(parts.flatMap(({ natives }) => natives))],
        },
      ];

/** Problems of settings that contradict each other. */
export function compatProblems(
  { COMPAT_APIS, COMPAT_ADDRESS, RIVERGEN_PORTS = rivergenPortsDefault, EDGE_PORT = "8080" }: Env,
  apis = compatApis,
): string[] {
  const isServed = apis.length > 0 && COMPAT_APIS !== none;
  const isTaken =
    COMPAT_APIS?.includes("rivergen") && EDGE_PORT !== "0" && RIVERGEN_PORTS.split(",").includes(EDGE_PORT);
  return [
    ...(isServed && !COMPAT_ADDRESS ? ["COMPAT_ADDRESS: is required where COMPAT_APIS names an API"] : []),
    ...(isTaken ? ["RIVERGEN_PORTS: must differ from EDGE_PORT"] : []),
  ];
}
