CREATE TABLE "orchestration"."lineage_outbox" (
	"receiver" text NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "orchestration"."lineage_outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"org_id" uuid NOT NULL,
	"run_id" uuid NOT NULL,
	"event" text NOT NULL,
	"attempt_count" integer DEFAULT 0 NOT NULL,
	"next_time" timestamp with time zone DEFAULT now() NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lineage_outbox_pk" PRIMARY KEY("receiver","position")
);
--> statement-breakpoint
CREATE TABLE "orchestration"."lineage_receivers" (
	"receiver" text PRIMARY KEY NOT NULL,
	"process_id" uuid NOT NULL,
	"until_time" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "lineage_outbox_run" ON "orchestration"."lineage_outbox" USING btree ("receiver","run_id","position");