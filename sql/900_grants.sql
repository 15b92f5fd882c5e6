-- Grants, last: nothing for public; readers read and ask, loaders may write as revisions say.

revoke all on all functions in schema muse from public;
revoke all on all tables in schema muse from public;

grant select on all tables in schema muse to muse_reader, muse_loader;
grant execute on all functions in schema muse to muse_reader, muse_loader;
