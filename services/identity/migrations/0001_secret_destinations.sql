ALTER TABLE "identity"."secrets" ADD COLUMN "destinations" jsonb;--> statement-breakpoint
CREATE INDEX "secrets_unbound" ON "identity"."secrets" USING btree ("org_id") WHERE "identity"."secrets"."destinations" is null;--> statement-breakpoint
ALTER TABLE "identity"."secrets" ADD CONSTRAINT "secrets_destinations_list" CHECK (jsonb_typeof("identity"."secrets"."destinations") = 'array');