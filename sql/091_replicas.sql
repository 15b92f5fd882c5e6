-- Replicas: how far they are behind.

create or replace view muse.replicas as
select
    slot.slot_name::text as replica,
    slot.active as is_connected,
    slot.wal_status = 'lost' as is_lost,
    case
        when not pg_is_in_recovery()
            then pg_wal_lsn_diff(pg_current_wal_lsn(), slot.restart_lsn)::bigint
    end as bytes_behind,
    null::double precision as seconds_behind
from pg_replication_slots as slot
where slot.slot_type = 'physical'
union all
select
    'primary' as replica,
    exists(select from pg_stat_wal_receiver) as is_connected,
    false as is_lost,
    null::bigint as bytes_behind,
    case
        when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
        else round(extract(epoch from now() - pg_last_xact_replay_timestamp()))
    end as seconds_behind
where pg_is_in_recovery();

comment on view muse.replicas is
'One row per replica of this server; on a replica itself one row, primary: select replica, bytes_behind from replicas';  -- noqa: LT05
comment on column muse.replicas.replica is
'Name of its slot on this server, or primary for what this server follows (part of the key)';
comment on column muse.replicas.is_connected is 'Whether it receives what is written';
comment on column muse.replicas.is_lost is
'Whether it was away for too long, so that it has to be copied again';
comment on column muse.replicas.bytes_behind is
'Bytes of WAL that the replica has not received; null on a replica';
comment on column muse.replicas.seconds_behind is
'Seconds since the last change that this replica shows, 0 if none is left; null on a primary';
