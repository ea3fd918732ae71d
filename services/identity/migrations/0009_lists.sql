DROP INDEX "identity"."api_keys_org";--> statement-breakpoint
DROP INDEX "identity"."external_ids_key";--> statement-breakpoint
DROP INDEX "identity"."grants_org";--> statement-breakpoint
CREATE INDEX "api_keys_create_time" ON "identity"."api_keys" USING btree ("org_id","create_time","api_key_id");--> statement-breakpoint
CREATE INDEX "api_keys_display_name" ON "identity"."api_keys" USING btree ("org_id","display_name" collate "C","api_key_id");--> statement-breakpoint
CREATE INDEX "api_keys_expire_time" ON "identity"."api_keys" USING btree ("org_id",coalesce("expire_time", 'infinity'),"api_key_id");--> statement-breakpoint
CREATE INDEX "api_keys_display_name_search" ON "identity"."api_keys" USING gin (lower("display_name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "external_ids_create_time" ON "identity"."external_ids" USING btree ("api_key_id","create_time","mapping_id");--> statement-breakpoint
CREATE INDEX "grants_create_time" ON "identity"."grants" USING btree ("org_id","create_time","grant_id");--> statement-breakpoint
CREATE INDEX "namespaces_create_time" ON "identity"."namespaces" USING btree ("org_id","create_time","name" collate "C");--> statement-breakpoint
CREATE INDEX "namespaces_name_order" ON "identity"."namespaces" USING btree ("org_id","name" collate "C");--> statement-breakpoint
CREATE INDEX "namespaces_name_search" ON "identity"."namespaces" USING gin (lower("name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "namespaces_display_name_search" ON "identity"."namespaces" USING gin (lower("display_name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "orgs_create_time" ON "identity"."orgs" USING btree ("create_time","org_id");--> statement-breakpoint
CREATE INDEX "orgs_name_order" ON "identity"."orgs" USING btree ("name" collate "C","org_id");--> statement-breakpoint
CREATE INDEX "orgs_name_search" ON "identity"."orgs" USING gin (lower("name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "orgs_display_name_search" ON "identity"."orgs" USING gin (lower("display_name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "secrets_create_time" ON "identity"."secrets" USING btree ("org_id","create_time","name" collate "C");--> statement-breakpoint
CREATE INDEX "secrets_name" ON "identity"."secrets" USING btree ("org_id","name" collate "C");--> statement-breakpoint
CREATE INDEX "secrets_name_search" ON "identity"."secrets" USING gin (lower("name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "users_create_time" ON "identity"."users" USING btree ("org_id","create_time","user_id");--> statement-breakpoint
CREATE INDEX "users_display_name" ON "identity"."users" USING btree ("org_id","display_name" collate "C","user_id");--> statement-breakpoint
CREATE INDEX "users_email_order" ON "identity"."users" USING btree ("org_id","email" collate "C","user_id");--> statement-breakpoint
CREATE INDEX "users_display_name_search" ON "identity"."users" USING gin (lower("display_name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "users_email_search" ON "identity"."users" USING gin (lower("email") public.gin_trgm_ops);