"""Contents of the embedded server's pg_hba.conf and pgmuse.conf."""

import re

HBA = """\
# Only the server's own user and root can enter the socket's folder; TCP needs a password, and from
# other machines TLS.
local   all         all              trust
local   replication all              trust
host    all all 127.0.0.1/32 scram-sha-256
host    all all ::1/128      scram-sha-256
hostssl all all all          scram-sha-256
# Replicas: logins with the attribute replication.
host    replication all 127.0.0.1/32 scram-sha-256
host    replication all ::1/128      scram-sha-256
hostssl replication all all          scram-sha-256
"""
# Earlier versions, which are replaced at the next start.
OLD_HBAS = (
    """\
# Only the server's own user and root can enter the socket's folder; the network needs a password.
local all all trust
host  all all all scram-sha-256
""",
    HBA.partition("# Replicas")[0],
)

CONF = """\
# Written by ./pgmuse up. Your own settings: alter system set ...
# The address stays until ./pgmuse down.
listen_addresses = '{listen}'
port = {port}
ssl = {ssl}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'

shared_buffers = {shared_buffers}MB
effective_cache_size = {effective_cache_size}MB
maintenance_work_mem = {maintenance_work_mem}MB
work_mem = {work_mem}MB
max_parallel_maintenance_workers = {index_workers}
dynamic_shared_memory_type = {shared_memory}
random_page_cost = 1.1
wal_compression = on
max_wal_size = 4GB
checkpoint_timeout = 15min

# A replica that is away for longer is copied again; a query on a replica delays it up to 5 minutes.
max_slot_wal_keep_size = 16GB
hot_standby_feedback = on
max_standby_streaming_delay = 5min

logging_collector = on
log_directory = '{log}'
log_filename = 'postgres-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
# A picture is an argument or a literal: neither ends in the log.
log_parameter_max_length = 128
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
"""

LAST_ADDRESS = re.compile(
    r"^# The address stays .*\nlisten_addresses = '(.+)'\nport = (\d+)$", re.MULTILINE
)


def quoted(value: object) -> str:
    """A value escaped for single quotes in a configuration file."""
    return str(value).replace("\\", "\\\\").replace("'", "''")
