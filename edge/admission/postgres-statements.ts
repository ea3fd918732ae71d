/** Does one batch, $1, as JSON; answers the standings. */
export const applyStatement = "select edge_limits.apply($1::text::jsonb) as standings";

/**
 * Removes what says nothing any more. A row that a batch has is left for the next time: whoever waited for it, with others
 * in hand, could make the batch wait in turn.
 */
export const forgetStatement = `
with now as (select extract(epoch from clock_timestamp()) * 1000 as ms),
     old_places as (select key, holder from edge_limits.places, now where until_ms < now.ms for update of places skip locked),
     old_buckets as (select key from edge_limits.buckets, now where full_at_ms < now.ms for update of buckets skip locked),
     gone as (delete from edge_limits.places using old_places
              where places.key = old_places.key and places.holder = old_places.holder)
delete from edge_limits.buckets using old_buckets where buckets.key = old_buckets.key`;

/**
 * Tables are unlogged: what they hold is worth less than writing it twice, and a crash of the server makes buckets full. A
 * batch has the lock to itself, so that two never wait for each other's rows crosswise; it is one statement, which no
 * client can hold up.
 */
export const prepareStatements = `
create schema if not exists edge_limits;

-- When a bucket is full, in milliseconds since 1970.
create unlogged table if not exists edge_limits.buckets (
  key text primary key,
  full_at_ms double precision not null
);
create index if not exists buckets_full_at on edge_limits.buckets (full_at_ms);

-- How many calls of a key a process has on their way, and until when that holds unless it is told again.
create unlogged table if not exists edge_limits.places (
  key text,
  holder text,
  calls integer not null,
  until_ms double precision not null,
  primary key (key, holder)
);

create or replace function edge_limits.apply(batch jsonb) returns jsonb language plpgsql as $body$
declare
  now_ms double precision;
  till_ms double precision;
  item jsonb;
  turn jsonb;
  ask jsonb;
  standings jsonb;
  answers jsonb := '[]';
  is_open boolean;
  backlog_ms double precision;
  interval_ms double precision;
  wait_ms double precision;
  is_busy boolean;
begin
  perform pg_advisory_xact_lock(hashtext('sluice edge limits'));
  now_ms := extract(epoch from clock_timestamp()) * 1000;
  till_ms := now_ms + (batch->>'holdMs')::double precision;

  for item in select value from jsonb_array_elements(batch->'held') loop
    if (item->>'calls')::integer > 0 then
      insert into edge_limits.places values (item->>'key', batch->>'holder', (item->>'calls')::integer, till_ms)
      on conflict (key, holder) do update set calls = excluded.calls, until_ms = excluded.until_ms;
    else
      delete from edge_limits.places where key = item->>'key' and holder = batch->>'holder';
    end if;
  end loop;

  for ask in select value from jsonb_array_elements(batch->'charges') loop
    interval_ms := (ask->>'refillMs')::double precision / (ask->>'tokens')::double precision;
    insert into edge_limits.buckets values (ask->>'key', now_ms + (ask->>'cost')::double precision * interval_ms)
    on conflict (key) do update set full_at_ms = least(
      greatest(buckets.full_at_ms, now_ms) + (ask->>'cost')::double precision * interval_ms,
      now_ms + 2 * (ask->>'refillMs')::double precision);
  end loop;

  for turn in select value from jsonb_array_elements(batch->'turns') loop
    standings := '[]';
    is_open := true;
    for ask in select value from jsonb_array_elements(turn) loop
      interval_ms := (ask->>'refillMs')::double precision / (ask->>'tokens')::double precision;
      backlog_ms := greatest(0, coalesce(
        (select full_at_ms from edge_limits.buckets where key = ask->>'key'), 0) - now_ms);
      wait_ms := backlog_ms + (ask->>'cost')::double precision * interval_ms - (ask->>'refillMs')::double precision;
      if wait_ms <= 0.1 then
        wait_ms := 0;
      end if;
      is_busy := coalesce((select sum(calls) from edge_limits.places
        where key = ask->>'key' and until_ms > now_ms), 0) >= (ask->>'callsMax')::integer;
      is_open := is_open and wait_ms = 0 and not is_busy;
      standings := standings || jsonb_build_object('backlogMs', backlog_ms, 'waitMs', wait_ms, 'isBusy', is_busy);
    end loop;
    if is_open then
      standings := '[]';
      for ask in select value from jsonb_array_elements(turn) loop
        interval_ms := (ask->>'refillMs')::double precision / (ask->>'tokens')::double precision;
        insert into edge_limits.buckets as bucket
        values (ask->>'key', now_ms + (ask->>'cost')::double precision * interval_ms)
        on conflict (key) do update
        set full_at_ms = greatest(bucket.full_at_ms, now_ms) + (ask->>'cost')::double precision * interval_ms
        returning full_at_ms - now_ms into backlog_ms;
        insert into edge_limits.places as place values (ask->>'key', batch->>'holder', 1, till_ms)
        on conflict (key, holder) do update
        set calls = case when place.until_ms > now_ms then place.calls else 0 end + 1, until_ms = till_ms;
        standings := standings || jsonb_build_object('backlogMs', backlog_ms, 'waitMs', 0, 'isBusy', false);
      end loop;
    end if;
    answers := answers || jsonb_build_array(standings);
  end loop;
  return answers;
end
$body$;
`;
