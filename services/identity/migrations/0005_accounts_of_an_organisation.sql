CREATE TABLE "identity"."known_places" (
	"user_id" uuid NOT NULL,
	"place" text NOT NULL,
	"login_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "known_places_unique" PRIMARY KEY("user_id","place")
);
--> statement-breakpoint
CREATE TABLE "identity"."password_resets" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"token_sha256" text NOT NULL,
	"expire_time" timestamp with time zone NOT NULL,
	CONSTRAINT "password_resets_token_unique" UNIQUE("token_sha256")
);
--> statement-breakpoint
CREATE TABLE "identity"."password_salts" (
	"address" text PRIMARY KEY NOT NULL,
	"salt" text NOT NULL
);
--> statement-breakpoint
DROP INDEX "identity"."users_email_unique";--> statement-breakpoint
ALTER TABLE "identity"."logins" ADD COLUMN "revoke_cause" text;--> statement-breakpoint
ALTER TABLE "identity"."refresh_tokens" ADD COLUMN "successor_nonce" text;--> statement-breakpoint
ALTER TABLE "identity"."known_places" ADD CONSTRAINT "known_places_user_exists" FOREIGN KEY ("user_id") REFERENCES "identity"."users"("user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."password_resets" ADD CONSTRAINT "password_resets_user_exists" FOREIGN KEY ("user_id") REFERENCES "identity"."users"("user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "users_email" ON "identity"."users" USING btree (lower("email"));--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_unique" ON "identity"."users" USING btree ("org_id",lower("email"));--> statement-breakpoint
INSERT INTO "identity"."password_salts" ("address", "salt") SELECT translate(encode(sha256(convert_to(lower("email"), 'UTF8')), 'base64'), '+/=', '-_'), split_part("password_hash", '$', 5) FROM "identity"."users" ON CONFLICT DO NOTHING;
