-- Roles. Created first, because a dump has none, and revisions and grants name them.

do $$
declare
    role_name text;
begin
    foreach role_name in array array['muse_reader', 'muse_loader'] loop
        if not exists (select from pg_roles as role where role.rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception
                when duplicate_object or unique_violation then null;  -- another session did
                when insufficient_privilege then
                    raise exception 'the role % is missing, and % may not create it',
                        role_name, current_user
                    using errcode = '42501', hint = format('as a superuser: create role %I', role_name);
            end;
        end if;
    end loop;
    -- Loads run `set role muse_loader`, which needs a superuser or a member of the role.
    if not (select role.rolsuper from pg_roles as role where role.rolname = current_user) then
        begin
            execute format('grant muse_loader to %I', current_user);
        exception when insufficient_privilege then
            raise notice '% cannot load: grant muse_loader to %', current_user, current_user;
        end;
    end if;
end
$$;
