import { randomUUIDv7 } from "node:crypto";

/** A new id. They sort by the time they were made, so lists page by id. */
export const newId = (): string => randomUUIDv7();
