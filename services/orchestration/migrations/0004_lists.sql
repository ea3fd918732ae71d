DROP INDEX "orchestration"."executions_org";--> statement-breakpoint
DROP INDEX "orchestration"."sources_org";--> statement-breakpoint
DROP INDEX "orchestration"."tables_org";--> statement-breakpoint
DROP INDEX "orchestration"."crashes_org";--> statement-breakpoint
DROP INDEX "orchestration"."executions_namespace";--> statement-breakpoint
DROP INDEX "orchestration"."sources_namespace";--> statement-breakpoint
DROP INDEX "orchestration"."tables_namespace";--> statement-breakpoint
CREATE INDEX "executions_create_time" ON "orchestration"."executions" USING btree ("org_id","create_time","execution_id");--> statement-breakpoint
CREATE INDEX "executions_end_time" ON "orchestration"."executions" USING btree ("org_id",coalesce("end_time", 'infinity'),"execution_id");--> statement-breakpoint
CREATE INDEX "executions_state" ON "orchestration"."executions" USING btree ("org_id","state","create_time","execution_id");--> statement-breakpoint
CREATE INDEX "executions_source" ON "orchestration"."executions" USING btree ("org_id","source_id","create_time","execution_id");--> statement-breakpoint
CREATE INDEX "sources_create_time" ON "orchestration"."sources" USING btree ("org_id","create_time","source_id");--> statement-breakpoint
CREATE INDEX "sources_display_name_order" ON "orchestration"."sources" USING btree ("org_id","display_name" collate "C","source_id");--> statement-breakpoint
CREATE INDEX "sources_display_name_search" ON "orchestration"."sources" USING gin (lower("display_name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "tables_create_time" ON "orchestration"."tables" USING btree ("org_id","create_time","table_id");--> statement-breakpoint
CREATE INDEX "tables_name_order" ON "orchestration"."tables" USING btree ("org_id","name" collate "C","table_id");--> statement-breakpoint
CREATE INDEX "tables_source" ON "orchestration"."tables" USING btree ("org_id","source_id","create_time","table_id");--> statement-breakpoint
CREATE INDEX "tables_name_search" ON "orchestration"."tables" USING gin (lower("name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "crashes_create_time" ON "orchestration"."crashes" USING btree ("org_id","create_time","crash_id");--> statement-breakpoint
CREATE INDEX "crashes_update_time" ON "orchestration"."crashes" USING btree ("org_id","update_time","crash_id");--> statement-breakpoint
CREATE INDEX "executions_namespace" ON "orchestration"."executions" USING btree ("org_id","namespace","create_time","execution_id");--> statement-breakpoint
CREATE INDEX "sources_namespace" ON "orchestration"."sources" USING btree ("org_id","namespace","create_time","source_id");--> statement-breakpoint
CREATE INDEX "tables_namespace" ON "orchestration"."tables" USING btree ("org_id","namespace","create_time","table_id");