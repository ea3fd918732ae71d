CREATE TABLE "orchestration"."discovery_schedules" (
	"source_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"interval_minutes" integer NOT NULL,
	"user_id" uuid NOT NULL,
	"api_key_id" text,
	"next_time" timestamp with time zone NOT NULL,
	"start_time" timestamp with time zone,
	"end_time" timestamp with time zone,
	"error_message" text DEFAULT '' NOT NULL,
	CONSTRAINT "discovery_schedules_interval_minutes" CHECK ("orchestration"."discovery_schedules"."interval_minutes" between 15 and 44640)
);
--> statement-breakpoint
ALTER TABLE "orchestration"."discovery_schedules" ADD CONSTRAINT "discovery_schedules_source_id_sources_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "orchestration"."sources"("source_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "discovery_schedules_next_time" ON "orchestration"."discovery_schedules" USING btree ("next_time");