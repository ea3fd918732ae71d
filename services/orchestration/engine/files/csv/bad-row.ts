/** A row that is no row of a CSV; the message goes on from what names the line. */
export class BadRowError extends Error {}
