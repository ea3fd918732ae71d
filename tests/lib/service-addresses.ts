import { serviceNames } from "../../gen/services.ts";

/** The edge's settings of the services' addresses, all with one value. */
export const serviceAddresses = (address: string): Record<string, string> =>
  Object.fromEntries(serviceNames.map((name) => [`${name.toUpperCase()}_ADDRESS`, address]));
