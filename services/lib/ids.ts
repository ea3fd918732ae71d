import { randomUUIDv7 } from "node:crypto";

/** A new id. They sort by the time they were made, so lists page by id. */
export const newId = (): string => randomUUIDv7();

const idPattern = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a text is an id as we write them. */
export const isId = (text: string): boolean => idPattern.test(text);
