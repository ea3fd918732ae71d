DROP INDEX "approval"."projects_page";--> statement-breakpoint
DROP INDEX "approval"."reviews_page";--> statement-breakpoint
DROP INDEX "approval"."projects_namespace";--> statement-breakpoint
CREATE INDEX "projects_create_time" ON "approval"."projects" USING btree ("org_id","create_time","project_id");--> statement-breakpoint
CREATE INDEX "projects_update_time" ON "approval"."projects" USING btree ("org_id","update_time","project_id");--> statement-breakpoint
CREATE INDEX "projects_display_name" ON "approval"."projects" USING btree ("org_id","display_name" collate "C","project_id");--> statement-breakpoint
CREATE INDEX "projects_state" ON "approval"."projects" USING btree ("org_id","state","create_time","project_id");--> statement-breakpoint
CREATE INDEX "projects_display_name_search" ON "approval"."projects" USING gin (lower("display_name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "reviews_create_time" ON "approval"."reviews" USING btree ("org_id","project_id","create_time","review_id");--> statement-breakpoint
CREATE INDEX "projects_namespace" ON "approval"."projects" USING btree ("org_id","namespace","create_time","project_id");