DROP INDEX "storage"."files_org_id";--> statement-breakpoint
DROP INDEX "storage"."files_namespace";--> statement-breakpoint
CREATE INDEX "files_create_time" ON "storage"."files" USING btree ("org_id","category","create_time","file_id");--> statement-breakpoint
CREATE INDEX "files_name" ON "storage"."files" USING btree ("org_id","category","name" collate "C","file_id");--> statement-breakpoint
CREATE INDEX "files_size_bytes" ON "storage"."files" USING btree ("org_id","category","size_bytes","file_id");--> statement-breakpoint
CREATE INDEX "files_name_search" ON "storage"."files" USING gin (lower("name") public.gin_trgm_ops) WHERE category = 'upload';--> statement-breakpoint
CREATE INDEX "files_namespace" ON "storage"."files" USING btree ("org_id","category","namespace","create_time","file_id");