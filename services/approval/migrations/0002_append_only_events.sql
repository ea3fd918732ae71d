-- Events are appended and never changed, whoever is connected: the chain of hashes finds what goes around this.
CREATE FUNCTION "approval"."refuse_change_of_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'events_append_only';
END
$$;
--> statement-breakpoint
CREATE TRIGGER "events_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "approval"."events"
	FOR EACH STATEMENT EXECUTE FUNCTION "approval"."refuse_change_of_events"();
--> statement-breakpoint
-- A chain grows by one event at a time and is never shortened.
CREATE FUNCTION "approval"."refuse_shorter_chain"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND NEW."org_id" = OLD."org_id" AND NEW."sequence" = OLD."sequence" + 1 THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'chains only grow' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'chains_only_grow';
END
$$;
--> statement-breakpoint
CREATE TRIGGER "chains_only_grow" BEFORE UPDATE OR DELETE ON "approval"."chains"
	FOR EACH ROW EXECUTE FUNCTION "approval"."refuse_shorter_chain"();
