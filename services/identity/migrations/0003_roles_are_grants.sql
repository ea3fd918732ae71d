INSERT INTO "identity"."grants" ("grant_id", "org_id", "user_id", "role", "create_time")
SELECT gen_random_uuid(), "org_id", "user_id", unnest("roles"), "create_time" FROM "identity"."users";--> statement-breakpoint
INSERT INTO "identity"."grants" ("grant_id", "org_id", "api_key_id", "role", "create_time")
SELECT gen_random_uuid(), "org_id", "api_key_id", unnest("roles"), "create_time" FROM "identity"."api_keys";--> statement-breakpoint
ALTER TABLE "identity"."api_keys" DROP CONSTRAINT "api_keys_roles_known";--> statement-breakpoint
ALTER TABLE "identity"."users" DROP CONSTRAINT "users_roles_known";--> statement-breakpoint
ALTER TABLE "identity"."api_keys" DROP COLUMN "roles";--> statement-breakpoint
ALTER TABLE "identity"."users" DROP COLUMN "roles";