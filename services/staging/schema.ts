import { pgSchema } from "drizzle-orm/pg-core";

export const staging = pgSchema("staging");
