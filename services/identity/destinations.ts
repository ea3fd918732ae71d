import { invalidField } from "../lib/rpc/errors.ts";
import { normalizeHost } from "../lib/values/normalize-host.ts";

/** A server that a secret may be sent to. The host is normalised. */
export type Destination = { readonly connector: string; readonly host: string; readonly port: number };

/** Normalises destinations and removes duplicates. InvalidArgument names the invalid host, below `field`. */
export function toDestinations(given: readonly Destination[], field: string): Destination[] {
  const destinations = given.map((destination, index) =>
    toDestination(destination, `${field}[${index}].host`),
  );
  return [...new Map(destinations.map((destination) => [keyOf(destination), destination])).values()];
}

/** Normalises a destination. InvalidArgument names `field`. */
export function toDestination({ connector, host, port }: Destination, field: string): Destination {
  const normalized = normalizeHost(host);
  if (normalized === undefined) throw invalidField(field, "must be one host name or address");
  return { connector, host: normalized, port };
}

/** Whether a secret with these destinations may be sent to this one. Both have to be normalised. */
export const allowsDestination = (allowed: readonly Destination[], destination: Destination): boolean =>
  allowed.some((candidate) => keyOf(candidate) === keyOf(destination));

const keyOf = ({ connector, host, port }: Destination): string => JSON.stringify([connector, host, port]);
