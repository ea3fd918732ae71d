CREATE TABLE "storage"."audit_events" (
	"org_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"event_id" uuid NOT NULL,
	"create_time" timestamp with time zone NOT NULL,
	"kind" text NOT NULL,
	"namespace" text NOT NULL,
	"actor_user_id" text NOT NULL,
	"actor_api_key_id" text NOT NULL,
	"delegate_user_id" text NOT NULL,
	"delegate_api_key_id" text NOT NULL,
	"resource" text NOT NULL,
	"request_id" text NOT NULL,
	"client_address" text NOT NULL,
	"outcome" text NOT NULL,
	"method" text NOT NULL,
	"details_json" text NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_events_pk" PRIMARY KEY("org_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "storage"."chains" (
	"org_id" uuid PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL,
	"head_hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "storage"."package_holds" (
	"org_id" uuid NOT NULL,
	"package_id" uuid NOT NULL,
	"file_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "package_holds_key" PRIMARY KEY("org_id","package_id","file_id")
);
--> statement-breakpoint
ALTER TABLE "storage"."file_versions" ADD COLUMN "detected_content_type" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."package_holds" ADD CONSTRAINT "package_holds_file_fk" FOREIGN KEY ("file_id") REFERENCES "storage"."files"("file_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_events_time" ON "storage"."audit_events" USING btree ("org_id","create_time","sequence");--> statement-breakpoint
CREATE INDEX "audit_events_kind" ON "storage"."audit_events" USING btree ("org_id","kind","create_time","sequence");--> statement-breakpoint
CREATE INDEX "audit_events_actor" ON "storage"."audit_events" USING btree ("org_id","actor_user_id","create_time","sequence");--> statement-breakpoint
CREATE INDEX "audit_events_resource" ON "storage"."audit_events" USING btree ("org_id","resource","create_time","sequence");--> statement-breakpoint
CREATE INDEX "package_holds_file_id" ON "storage"."package_holds" USING btree ("file_id");--> statement-breakpoint
-- Events are appended and never changed, by any connection. The chain of hashes reveals changes that bypass this.
CREATE FUNCTION "storage"."refuse_change_of_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_events_append_only';
END
$$;
--> statement-breakpoint
CREATE TRIGGER "audit_events_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "storage"."audit_events"
	FOR EACH STATEMENT EXECUTE FUNCTION "storage"."refuse_change_of_events"();
--> statement-breakpoint
-- A chain grows, by several events at a time, and is never shortened.
CREATE FUNCTION "storage"."refuse_shorter_chain"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND NEW."org_id" = OLD."org_id" AND NEW."sequence" > OLD."sequence" THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'chains only grow' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'chains_only_grow';
END
$$;
--> statement-breakpoint
CREATE TRIGGER "chains_only_grow" BEFORE UPDATE OR DELETE ON "storage"."chains"
	FOR EACH ROW EXECUTE FUNCTION "storage"."refuse_shorter_chain"();
--> statement-breakpoint
-- Emptying the table would shorten every chain, and fires no trigger of its rows.
CREATE TRIGGER "chains_not_truncated" BEFORE TRUNCATE ON "storage"."chains"
	FOR EACH STATEMENT EXECUTE FUNCTION "storage"."refuse_shorter_chain"();
