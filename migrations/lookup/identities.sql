-- Accounts at sign-in providers: link, unlink, step up. The app verifies the provider's
-- answer.

-- The number of sign-in methods of a person; an address is one. Not granted to the app.
create function lookup.ways_in(p_user uuid)
returns bigint
language sql stable security definer set search_path = ''
as $$
    select count(u.email)
         + (select count(*) from public.identities i where i.user_id = p_user)
         + (select count(*) from public.passkeys k where k.user_id = p_user)
    from public.users u
    where u.id = p_user
$$;

-- Links an identity to the person of the session that began the flow. Returns ok, taken,
-- too_many or gone. Beginning the flow needed a step-up of the last five minutes, and
-- the flow lasts ten, so the step-up is at most fifteen minutes old.
create function lookup.identity_link(
    p_token bytea, p_flow uuid, p_issuer text, p_subject text, p_email text, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid;
begin
    update public.sign_in_flows f
    set done_at = now()
    from public.sessions s
    where f.id = p_flow and f.purpose = 'oidc_link' and f.done_at is null
      and f.spent_at between now() - interval '2 minutes' and now()
      and s.id = f.session_id and s.token_hash = p_token
      and s.stepped_up_at between now() - interval '15 minutes' and now() and lookup.session_lives(s.id)
    returning s.user_id into me;
    if me is null then return 'gone'; end if;
    -- Lock the person, so that the count can't change.
    perform from public.users u where u.id = me for update;
    if (select count(*) from public.identities i where i.user_id = me) >= 20 then return 'too_many'; end if;
    insert into public.identities (issuer, subject, user_id, email)
    values (p_issuer, p_subject, me, p_email)
    on conflict (issuer, subject) do nothing;
    if not found then
        return case when exists (
            select from public.identities i
            where i.issuer = p_issuer and i.subject = p_subject and i.user_id = me) then 'ok' else 'taken' end;
    end if;
    insert into public.account_events (id, user_id, verb, request_id) values (p_event, me, 'identity.linked', p_request);
    return 'ok';
end $$;
grant execute on function lookup.identity_link to portico_app;

-- Unlinks an identity of the session's person. Returns ok, no_step_up, last or gone.
-- Afterwards no identity is linked automatically by address.
create function lookup.identity_remove(p_token bytea, p_id uuid, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid;
begin
    if not exists (
        select from public.identities i
        join public.sessions s on s.user_id = i.user_id
        where i.id = p_id and s.token_hash = p_token) then
        return 'gone';
    end if;
    me := lookup.freshly_proved(p_token);
    if me is null then return 'no_step_up'; end if;
    if lookup.ways_in(me) < 2 then return 'last'; end if;
    delete from public.identities i where i.id = p_id and i.user_id = me;
    if not found then return 'gone'; end if;
    update public.users u set links_by_address = false where u.id = me;
    insert into public.account_events (id, user_id, verb, request_id) values (p_event, me, 'identity.unlinked', p_request);
    return 'ok';
end $$;
grant execute on function lookup.identity_remove to portico_app;

-- Steps up with one of the person's own identities and replaces the session's token, as
-- a mailed code does. Returns ok, another or gone.
create function lookup.step_up_by_identity(
    p_token bytea, p_flow uuid, p_issuer text, p_subject text, p_new_token bytea, p_event uuid, p_request text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
declare mine uuid; me uuid;
begin
    update public.sign_in_flows f
    set done_at = now()
    from public.sessions s
    where f.id = p_flow and f.purpose = 'oidc_step_up' and f.done_at is null
      and f.spent_at between now() - interval '2 minutes' and now()
      and s.id = f.session_id and s.token_hash = p_token and lookup.session_lives(s.id)
    returning s.id, s.user_id into mine, me;
    if mine is null then return 'gone'; end if;
    update public.identities i
    set last_used_at = now()
    where i.issuer = p_issuer and i.subject = p_subject and i.user_id = me;
    if not found then return 'another'; end if;
    update public.sessions s set token_hash = p_new_token, stepped_up_at = now() where s.id = mine;
    insert into public.account_events (id, user_id, verb, request_id)
    values (p_event, me, 'session.step_up_provider', p_request);
    return 'ok';
end $$;
grant execute on function lookup.step_up_by_identity to portico_app;
