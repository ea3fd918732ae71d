import { invalidField } from "../lib/rpc/errors.ts";
import { normalizeHost } from "../lib/values/normalize-host.ts";

/** A server that a secret may be sent to; the host is normalised. */
export type Destination = { readonly connector: string; readonly host: string; readonly port: number };

/** Destinations as they are stored: normalised, each once. InvalidArgument names the host that is none, below `field`. */
export function toDestinations(given: readonly Destination[], field: string): Destination[] {
  const destinations = given.map((destination, index) =>
    toDestination(destination, `${field}[${index}].host`),
  );
  return [...new Map(destinations.map((destination) => [keyOf(destination), destination])).values()];
}

/** One destination, normalised. InvalidArgument names `field`. */
export function toDestination({ connector, host, port }: Destination, field: string): Destination {
  const normalized = normalizeHost(host);
  if (normalized === undefined) throw invalidField(field, "must be one host name or address");
  return { connector, host: normalized, port };
}

/** Whether a secret with these destinations may be sent to this one; both are normalised. */
export const allowsDestination = (allowed: readonly Destination[], destination: Destination): boolean =>
  allowed.some((candidate) => keyOf(candidate) === keyOf(destination));

const keyOf = ({ connector, host, port }: Destination): string => JSON.stringify([connector, host, port]);
