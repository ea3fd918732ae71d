ALTER TABLE "identity"."api_keys" ADD COLUMN "parent_api_key_id" uuid;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD COLUMN "permissions" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD COLUMN "namespaces" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD COLUMN "delegate_org_ids" uuid[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD COLUMN "default_org_id" uuid;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD COLUMN "secret_file" text;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD COLUMN "last_use_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD COLUMN "last_use_address" text;--> statement-breakpoint
ALTER TABLE "identity"."users" ADD COLUMN "kind" text DEFAULT 'person' NOT NULL;--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD CONSTRAINT "api_keys_parent_exists" FOREIGN KEY ("parent_api_key_id") REFERENCES "identity"."api_keys"("api_key_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_parent" ON "identity"."api_keys" USING btree ("parent_api_key_id");--> statement-breakpoint
CREATE INDEX "secrets_key" ON "identity"."secrets" USING btree ("key_id");--> statement-breakpoint
ALTER TABLE "identity"."api_keys" ADD CONSTRAINT "api_keys_secret_file_unique" UNIQUE("secret_file");--> statement-breakpoint
ALTER TABLE "identity"."users" ADD CONSTRAINT "users_kind_known" CHECK ("identity"."users"."kind" in ('person', 'service'));