-- Passkeys. A ceremony begins, is answered once, and counts once. In between, the app
-- verifies the answer against the key.

-- Begins a ceremony in a browser. Except for a sign-in it also belongs to a session.
create function lookup.passkey_begin(
    p_id uuid, p_purpose text, p_cookie_hash bytea, p_token bytea, p_return_to text, p_ceremony text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
    insert into public.sign_in_flows (id, purpose, cookie_hash, user_id, session_id, return_to, ceremony)
    select p_id, p_purpose, p_cookie_hash, s.user_id, s.id, p_return_to, p_ceremony
    from (values (1)) as always (one)
    left join public.sessions s on s.token_hash = p_token and p_purpose <> 'passkey' and lookup.session_lives(s.id)
    where p_purpose in ('passkey', 'passkey_add', 'passkey_step_up')
      and (s.id is not null or p_purpose = 'passkey');
    return found;
end $$;
grant execute on function lookup.passkey_begin to portico_app;

-- Takes the answer to a ceremony, right or wrong: once, within five minutes, in the same
-- browser and session. Returns what the app needs to verify it. The key is included only
-- if it belongs to the person of the ceremony, or for a sign-in to anybody.
create function lookup.passkey_answered(p_flow uuid, p_purpose text, p_cookie_hash bytea, p_token bytea, p_credential bytea)
returns table (ceremony text, return_to text, user_id uuid, public_key bytea, backup_eligible boolean)
language plpgsql volatile security definer set search_path = ''
as $$
declare flow public.sign_in_flows;
begin
    update public.sign_in_flows f
    set spent_at = now()
    where f.id = p_flow and f.purpose = p_purpose and f.purpose in ('passkey', 'passkey_add', 'passkey_step_up')
      and f.cookie_hash = p_cookie_hash
      and (f.purpose = 'passkey' or f.session_id = (select s.id from public.sessions s where s.token_hash = p_token and lookup.session_lives(s.id)))
      and f.spent_at is null and f.created_at between now() - interval '5 minutes' and now()
    returning * into flow;
    if flow.id is null then return; end if;
    return query
    select flow.ceremony, flow.return_to, k.user_id, k.public_key, k.backup_eligible
    from (values (1)) as always (one)
    left join public.passkeys k on k.credential_id = p_credential and (flow.purpose = 'passkey' or k.user_id = flow.user_id);
end $$;
grant execute on function lookup.passkey_answered to portico_app;

-- Records the use of a verified key, once for each ceremony. Returns ok, cloned or gone.
-- The key's counter must increase or stay 0. A lower one means that the key was cloned,
-- so it is refused and recorded. Not granted to the app.
create function lookup.passkey_used(
    p_flow uuid, p_purpose text, p_credential bytea, p_count bigint, p_backed_up boolean, p_event uuid, p_request text)
returns table (verdict text, person uuid)
language plpgsql volatile security definer set search_path = ''
as $$
declare flow public.sign_in_flows; key public.passkeys;
begin
    update public.sign_in_flows f
    set done_at = now()
    where f.id = p_flow and f.purpose = p_purpose and f.done_at is null
      and f.spent_at between now() - interval '2 minutes' and now()
    returning * into flow;
    select k.* into key
    from public.passkeys k
    join public.users u on u.id = k.user_id and u.disabled_at is null
    where k.credential_id = p_credential and (flow.purpose = 'passkey' or k.user_id = flow.user_id)
    for update of k;
    if flow.id is null or key.id is null then
        return query select 'gone', null::uuid;
        return;
    end if;
    if p_count <= key.sign_count and (p_count > 0 or key.sign_count > 0) then
        insert into public.account_events (id, user_id, verb, result, request_id)
        values (p_event, key.user_id, 'passkey.cloned', 'denied', p_request);
        return query select 'cloned', key.user_id;
        return;
    end if;
    update public.passkeys k
    set sign_count = p_count, backed_up = p_backed_up, last_used_at = now()
    where k.id = key.id;
    return query select 'ok', key.user_id;
end $$;

create function lookup.sign_in_by_passkey(
    p_flow uuid, p_credential bytea, p_count bigint, p_backed_up boolean,
    p_session uuid, p_token bytea, p_host text, p_agent text, p_old_token bytea, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare word text; who uuid;
begin
    select u.verdict, u.person into word, who
    from lookup.passkey_used(p_flow, 'passkey', p_credential, p_count, p_backed_up, p_event, p_request) u;
    if word = 'ok' then
        perform lookup.session_open(who, p_session, p_token, p_host, p_agent, p_old_token, p_event, p_request, 'sign_in.passkey');
        update public.sign_in_flows f set opened_session_id = p_session where f.id = p_flow;
    end if;
    return word;
end $$;
grant execute on function lookup.sign_in_by_passkey to portico_app;

-- Steps up with a passkey and replaces the session's token, as a mailed code does.
create function lookup.step_up_by_passkey(
    p_token bytea, p_flow uuid, p_credential bytea, p_count bigint, p_backed_up boolean,
    p_new_token bytea, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare word text := 'gone'; who uuid; mine uuid;
begin
    select s.id into mine
    from public.sessions s
    join public.sign_in_flows f on f.session_id = s.id and f.id = p_flow
    where s.token_hash = p_token and lookup.session_lives(s.id);
    if mine is not null then
        select u.verdict, u.person into word, who
        from lookup.passkey_used(p_flow, 'passkey_step_up', p_credential, p_count, p_backed_up, p_event, p_request) u;
    end if;
    if word = 'ok' then
        update public.sessions s set token_hash = p_new_token, stepped_up_at = now() where s.id = mine;
        insert into public.account_events (id, user_id, verb, request_id)
        values (p_event, who, 'session.step_up_passkey', p_request);
    end if;
    return word;
end $$;
grant execute on function lookup.step_up_by_passkey to portico_app;

-- Returns the person of a session with a step-up within the last five minutes, or null.
-- It locks the person, so that counts of their keys and identities can't change. Not
-- granted to the app.
create function lookup.freshly_proved(p_token bytea)
returns uuid
language sql volatile security definer set search_path = ''
as $$
    select u.id
    from public.sessions s
    join public.users u on u.id = s.user_id
    where s.token_hash = p_token and s.stepped_up_at between now() - interval '5 minutes' and now()
      and lookup.session_lives(s.id)
    for update of u
$$;

-- Adds the key from a ceremony of this session. Returns ok, no_step_up, too_many, taken
-- or gone.
create function lookup.passkey_add(
    p_token bytea, p_flow uuid, p_id uuid, p_credential bytea, p_public_key bytea, p_count bigint,
    p_backup_eligible boolean, p_backed_up boolean, p_name text, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid := lookup.freshly_proved(p_token);
begin
    if me is null then return 'no_step_up'; end if;
    update public.sign_in_flows f
    set done_at = now()
    from public.sessions s
    where f.id = p_flow and f.purpose = 'passkey_add' and f.done_at is null
      and f.spent_at between now() - interval '2 minutes' and now()
      and s.id = f.session_id and s.token_hash = p_token;
    if not found then return 'gone'; end if;
    if (select count(*) from public.passkeys k where k.user_id = me) >= 20 then return 'too_many'; end if;
    insert into public.passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, name)
    values (p_id, me, p_credential, p_public_key, p_count, p_backup_eligible, p_backed_up, p_name)
    on conflict (credential_id) do nothing;
    if not found then return 'taken'; end if;
    insert into public.account_events (id, user_id, verb, request_id) values (p_event, me, 'passkey.added', p_request);
    return 'ok';
end $$;
grant execute on function lookup.passkey_add to portico_app;

-- Removes a key of the session's person. Returns ok, no_step_up, last or gone.
create function lookup.passkey_remove(p_token bytea, p_id uuid, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid;
begin
    if not exists (
        select 1 from public.passkeys k
        join public.sessions s on s.user_id = k.user_id
        where k.id = p_id and s.token_hash = p_token) then
        return 'gone';
    end if;
    me := lookup.freshly_proved(p_token);
    if me is null then return 'no_step_up'; end if;
    if lookup.ways_in(me) < 2 then return 'last'; end if;
    delete from public.passkeys k where k.id = p_id and k.user_id = me;
    if not found then return 'gone'; end if;
    insert into public.account_events (id, user_id, verb, request_id) values (p_event, me, 'passkey.removed', p_request);
    return 'ok';
end $$;
grant execute on function lookup.passkey_remove to portico_app;
