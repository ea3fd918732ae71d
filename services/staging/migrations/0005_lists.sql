DROP INDEX "staging"."jobs_page";--> statement-breakpoint
DROP INDEX "staging"."jobs_namespace";--> statement-breakpoint
CREATE INDEX "jobs_create_time" ON "staging"."jobs" USING btree ("org_id","create_time","job_id");--> statement-breakpoint
CREATE INDEX "jobs_end_time" ON "staging"."jobs" USING btree ("org_id",coalesce("end_time", 'infinity'),"job_id");--> statement-breakpoint
CREATE INDEX "jobs_state" ON "staging"."jobs" USING btree ("org_id","state","create_time","job_id");--> statement-breakpoint
CREATE INDEX "jobs_source" ON "staging"."jobs" USING btree ("org_id","source_id","create_time","job_id");--> statement-breakpoint
CREATE INDEX "jobs_namespace" ON "staging"."jobs" USING btree ("org_id","namespace","create_time","job_id");