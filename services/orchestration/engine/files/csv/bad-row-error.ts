/** A row that is not valid CSV. The message continues the text "line n: ". */
export class BadRowError extends Error {}
