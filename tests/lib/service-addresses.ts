import { serviceNames } from "../../gen/services.ts";

/** The edge's settings of where the services are, all at one address. */
export const serviceAddresses = (address: string): Record<string, string> =>
  Object.fromEntries(serviceNames.map((name) => [`${name.toUpperCase()}_ADDRESS`, address]));
