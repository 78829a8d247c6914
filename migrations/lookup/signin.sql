-- Sign-in and step-up. Every function uses up a proof or counts an attempt.

-- Begins a flow. Except for a sign-in it belongs to a session of the person in the
-- context. Linking a provider needs a step-up first. Linking and a step-up at a provider
-- are refused for agents and in support sessions. p_sign_up is the rule under which a
-- sign-in may create an account, or null.
create function lookup.flow_begin(
    p_id uuid, p_purpose text, p_cookie_hash bytea, p_email text, p_session_id uuid, p_return_to text,
    p_provider text, p_state_hash bytea, p_nonce text, p_verifier text, p_sign_up text default null)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    of_session boolean := p_purpose in ('step_up', 'oidc_link', 'oidc_step_up');
begin
    if of_session and not exists (
        select 1
        from public.sessions s
        join public.users u on u.id = s.user_id
        where s.id = p_session_id and s.user_id = me and lookup.session_lives(s.id)
          and (p_purpose = 'step_up'
               or (u.kind = 'person' and nullif(current_setting('app.support_session_id', true), '') is null))
          and (p_purpose <> 'oidc_link' or s.stepped_up_at between now() - interval '5 minutes' and now())) then
        return false;
    end if;
    insert into public.sign_in_flows (id, purpose, cookie_hash, email, user_id, session_id, return_to,
                                      provider, state_hash, nonce, verifier, sign_up)
    values (p_id, p_purpose, p_cookie_hash, p_email, case when of_session then me end,
            p_session_id, p_return_to, p_provider, p_state_hash, p_nonce, p_verifier, p_sign_up);
    return true;
end $$;
grant execute on function lookup.flow_begin to portico_app;

-- Stores the hashes of new secrets in a live flow and returns the recipient. Only the mail
-- job calls it. No row if the address has no account, no invitation and may not sign up.
create function lookup.flow_mint(p_id uuid, p_link_hash bytea, p_code_hash bytea)
returns table (purpose text, email text, name text, return_to text, signs_up boolean)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    update public.sign_in_flows f
    set link_hash = case when f.purpose = 'mail' then p_link_hash end,
        code_hash = p_code_hash
    from (
        select o.id, u.email, u.name
        from public.sign_in_flows o
        join public.users u on u.id = o.user_id or (o.user_id is null and u.email = o.email)
        where o.id = p_id and u.disabled_at is null
        union all
        select o.id, i.email, i.name
        from public.sign_in_flows o
        join public.invites i on o.user_id is null and i.email = o.email and lookup.invite_open(i)
        where o.id = p_id and not exists (select 1 from public.users u where u.email = o.email)
        union all
        select o.id, o.email, ''
        from public.sign_in_flows o
        where o.id = p_id and o.user_id is null and lookup.may_sign_up(o.email, o.sign_up)
          and not exists (select 1 from public.users u where u.email = o.email)
        limit 1
    ) w
    where f.id = w.id
      and f.purpose in ('mail', 'step_up')
      and f.spent_at is null
      and now() >= f.created_at and f.expires_at > now()
    returning f.purpose, w.email, w.name, f.return_to, f.sign_up is not null;
end $$;
grant execute on function lookup.flow_mint to portico_app;

-- Records on the rows of whoever a live flow's mail went to that the mail server refused
-- it, with its code, or with null that it took it. The rows are those with that address:
-- memberships wherever they are and, before there is an account, open invitations. Only
-- the mail job calls it, and whoever asked to sign in learns nothing of it.
create function lookup.flow_mail_result(p_id uuid, p_code integer)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid; address text;
begin
    select u.id, coalesce(u.email, f.email) into person, address
    from public.sign_in_flows f
    left join public.users u on u.id = f.user_id or (f.user_id is null and u.email = f.email)
    where f.id = p_id and f.purpose in ('mail', 'step_up') and f.code_hash is not null
      and now() >= f.created_at and f.expires_at > now();
    update public.memberships m
    set mail_refused_at = case when p_code is not null then now() end, mail_refused_code = p_code
    where m.user_id = person and m.email = address and m.ended_at is null
      and m.mail_refused_code is distinct from p_code;
    update public.invites i
    set mail_refused_at = case when p_code is not null then now() end, mail_refused_code = p_code
    where person is null and i.email = address and lookup.invite_open(i)
      and i.mail_refused_code is distinct from p_code;
end $$;
grant execute on function lookup.flow_mail_result to portico_app;

-- The state of a flow: used, expired or live. Tries count only for the code, so a link
-- still works after wrong codes.
create function lookup.flow_state(p_spent_at timestamptz, p_created_at timestamptz, p_expires_at timestamptz)
returns text
language sql stable security definer set search_path = ''
as $$
    select case when p_spent_at is not null then 'used'
                when not (now() >= p_created_at and p_expires_at > now()) then 'expired'
                else 'live' end
$$;

-- What the page of a mailed link shows before its button is pressed. The address is
-- included only while the link is usable.
create function lookup.flow_peek(p_link_hash bytea)
returns table (id uuid, email text, state text, return_to text)
language sql stable security definer set search_path = ''
as $$
    select f.id, case lookup.flow_state(f.spent_at, f.created_at, f.expires_at) when 'live' then f.email else '' end,
           lookup.flow_state(f.spent_at, f.created_at, f.expires_at), f.return_to
    from public.sign_in_flows f
    where f.link_hash = p_link_hash and f.purpose = 'mail'
$$;
grant execute on function lookup.flow_peek to portico_app;

-- Checks a code in the browser that began the flow, at most five times. A wrong code must
-- be counted, so this returns a verdict and raises nothing: ok, wrong, too_many, used,
-- expired or gone. Not granted to the app.
create function lookup.flow_try_code(p_id uuid, p_purpose text, p_cookie_hash bytea, p_code_hashes bytea[])
returns table (verdict text, tries_left integer)
language plpgsql volatile security definer set search_path = ''
as $$
declare flow public.sign_in_flows;
begin
    update public.sign_in_flows f
    set tries = f.tries + 1,
        spent_at = case when f.code_hash = any (p_code_hashes) then now() end
    where f.id = p_id and f.cookie_hash = p_cookie_hash and f.purpose = p_purpose
      and f.spent_at is null and now() >= f.created_at and f.expires_at > now() and f.tries < 5
    returning * into flow;
    if flow.id is not null then
        return query select case when flow.spent_at is not null then 'ok'
                                 when flow.tries >= 5 then 'too_many'
                                 else 'wrong' end, 5 - flow.tries;
        return;
    end if;
    select * into flow from public.sign_in_flows f
    where f.id = p_id and f.cookie_hash = p_cookie_hash and f.purpose = p_purpose;
    return query select case when flow.id is null then 'gone'
                             when lookup.flow_state(flow.spent_at, flow.created_at, flow.expires_at) <> 'live'
                             then lookup.flow_state(flow.spent_at, flow.created_at, flow.expires_at)
                             else 'too_many' end, 0;
end $$;

-- Creates a session. Not granted to the app: the sign-in functions call it after they
-- have used up a proof.
create function lookup.session_open(
    p_user uuid, p_session uuid, p_token bytea, p_host text, p_agent text,
    p_old_token bytea, p_event uuid, p_request text, p_verb text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare before uuid;
begin
    -- A support session ends with the browser session in which it began.
    delete from public.sessions s where s.token_hash = p_old_token returning s.user_id into before;
    if before is not null then
        perform lookup.support_end(before, 'stopped', p_request);
    end if;
    insert into public.sessions (id, token_hash, user_id, host, user_agent)
    values (p_session, p_token, p_user, p_host, left(p_agent, 300));
    insert into public.account_events (id, user_id, verb, request_id)
    values (p_event, p_user, p_verb, p_request);
end $$;

create function lookup.sign_in_by_link(
    p_link_hash bytea, p_session uuid, p_token bytea, p_host text, p_agent text,
    p_old_token bytea, p_event uuid, p_request text, p_rule text)
returns table (user_id uuid, return_to text)
language plpgsql volatile security definer set search_path = ''
as $$
declare flow public.sign_in_flows; person uuid;
begin
    update public.sign_in_flows f
    set spent_at = now()
    where f.link_hash = p_link_hash and f.purpose = 'mail' and f.spent_at is null and now() >= f.created_at and f.expires_at > now()
    returning * into flow;
    if flow.id is null then return; end if;
    person := lookup.person_proved(flow.email, case when flow.sign_up is not null then p_rule end);
    if person is null then return; end if;
    perform lookup.session_open(person, p_session, p_token, p_host, p_agent, p_old_token, p_event, p_request, 'sign_in.link');
    update public.sign_in_flows f set opened_session_id = p_session where f.id = flow.id;
    return query select person, flow.return_to;
end $$;
grant execute on function lookup.sign_in_by_link to portico_app;

create function lookup.sign_in_by_code(
    p_flow uuid, p_cookie_hash bytea, p_code_hashes bytea[], p_session uuid, p_token bytea, p_host text, p_agent text,
    p_old_token bytea, p_event uuid, p_request text, p_rule text)
returns table (verdict text, tries_left integer, user_id uuid, return_to text)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare word text; tries integer; person uuid; place text;
begin
    select c.verdict, c.tries_left into word, tries
    from lookup.flow_try_code(p_flow, 'mail', p_cookie_hash, p_code_hashes) c;
    if word = 'ok' then
        select lookup.person_proved(f.email, case when f.sign_up is not null then p_rule end), f.return_to into person, place
        from public.sign_in_flows f
        where f.id = p_flow;
        if person is null then
            word := 'gone';
        else
            perform lookup.session_open(person, p_session, p_token, p_host, p_agent, p_old_token, p_event, p_request, 'sign_in.code');
            update public.sign_in_flows f set opened_session_id = p_session where f.id = p_flow;
        end if;
    end if;
    return query select word, tries, person, coalesce(place, '');
end $$;
grant execute on function lookup.sign_in_by_code to portico_app;

-- Takes the answer of a provider: once, in the browser that began the flow and, except for
-- a sign-in, in its session. The purpose comes from the flow, not from the answer.
create function lookup.flow_spend_state(p_cookie_hash bytea, p_state_hash bytea, p_provider text, p_token bytea)
returns table (flow_id uuid, purpose text, nonce text, verifier text, return_to text, begun_at timestamptz)
language sql volatile security definer set search_path = ''
as $$
    update public.sign_in_flows f
    set spent_at = now()
    where f.cookie_hash = p_cookie_hash and f.state_hash = p_state_hash and f.provider = p_provider
      and f.purpose in ('oidc', 'oidc_link', 'oidc_step_up') and f.spent_at is null and now() >= f.created_at and f.expires_at > now()
      and (f.purpose = 'oidc' or f.session_id = (select s.id from public.sessions s where s.token_hash = p_token and lookup.session_lives(s.id)))
    returning f.id, f.purpose, f.nonce, f.verifier, f.return_to, f.created_at
$$;
grant execute on function lookup.flow_spend_state to portico_app;

-- Returns where a flow leads that was answered before, to the browser that began it or
-- the session that it belongs to or opened. done is false if nothing came of the answer,
-- as when the person declined. It changes nothing.
create function lookup.flow_answered(p_cookie_hash bytea, p_state_hash bytea, p_provider text, p_token bytea)
returns table (purpose text, return_to text, done boolean)
language sql stable security definer set search_path = ''
as $$
    select f.purpose, f.return_to, f.done_at is not null
    from public.sign_in_flows f
    where f.state_hash = p_state_hash and f.provider = p_provider
      and f.purpose in ('oidc', 'oidc_link', 'oidc_step_up') and f.spent_at is not null
      and (f.cookie_hash = p_cookie_hash
           or exists (select from public.sessions s where s.token_hash = p_token and s.id in (f.session_id, f.opened_session_id)))
$$;
grant execute on function lookup.flow_answered to portico_app;

-- Returns the proofs that a session was opened by or has used, the last first, so that
-- whoever uses one a second time there is led on. It changes nothing, and what it returns
-- is used up.
create function lookup.proofs_used(p_token bytea)
returns table (id uuid, purpose text, return_to text, link_hash bytea, code_hash bytea, challenge text)
language sql stable security definer set search_path = ''
as $$
    select f.id, f.purpose, f.return_to, coalesce(f.link_hash, ''), coalesce(f.code_hash, ''), coalesce(f.ceremony::jsonb ->> 'challenge', '')
    from public.sessions s
    join public.sign_in_flows f on f.opened_session_id = s.id or (f.session_id = s.id and f.purpose in ('step_up', 'passkey_add', 'passkey_step_up'))
    where s.token_hash = p_token and lookup.session_lives(s.id)
      and (f.done_at is not null or (f.spent_at is not null and f.purpose in ('mail', 'step_up')))
    order by f.spent_at desc
    limit 20
$$;
grant execute on function lookup.proofs_used to portico_app;

-- Signs in by (issuer, subject). A new identity is linked by address only if the provider
-- verified the address and the person never unlinked an identity. It needs a flow that was
-- answered within the last two minutes.
create function lookup.sign_in_by_identity(
    p_flow uuid, p_issuer text, p_subject text, p_email text, p_verified boolean,
    p_session uuid, p_token bytea, p_host text, p_agent text, p_old_token bytea, p_event uuid, p_request text, p_rule text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid; flow uuid; rule text; word text := 'sign_in.provider';
begin
    update public.sign_in_flows f
    set done_at = now()
    where f.id = p_flow and f.purpose = 'oidc' and f.done_at is null
      and f.spent_at between now() - interval '2 minutes' and now()
    returning f.id, f.sign_up into flow, rule;
    if flow is null then return null; end if;
    select i.user_id into person from public.identities i where i.issuer = p_issuer and i.subject = p_subject;
    if person is null and p_verified then
        person := lookup.person_proved(lower(p_email), case when rule is not null then p_rule end);
        if exists (select 1 from public.users u where u.id = person and not u.links_by_address) then
            return null;
        end if;
        if person is not null then
            insert into public.identities (issuer, subject, user_id, email)
            values (p_issuer, p_subject, person, lower(p_email));
            word := 'sign_in.provider_linked';
        end if;
    end if;
    if person is null or not exists (select 1 from public.users u where u.id = person and u.disabled_at is null) then
        return null;
    end if;
    update public.identities i set last_used_at = now() where i.issuer = p_issuer and i.subject = p_subject;
    perform lookup.session_open(person, p_session, p_token, p_host, p_agent, p_old_token, p_event, p_request, word);
    update public.sign_in_flows f set opened_session_id = p_session where f.id = flow;
    return person;
end $$;
grant execute on function lookup.sign_in_by_identity to portico_app;

-- Steps up with a mailed code and replaces the session's token.
create function lookup.step_up_by_code(
    p_token bytea, p_flow uuid, p_cookie_hash bytea, p_code_hashes bytea[], p_new_token bytea, p_event uuid, p_request text)
returns table (verdict text, tries_left integer, return_to text)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare word text := 'gone'; tries integer := 0; mine uuid; me uuid; place text := '';
begin
    select s.id, s.user_id, f.return_to into mine, me, place
    from public.sessions s
    join public.sign_in_flows f on f.session_id = s.id and f.id = p_flow
    where s.token_hash = p_token and lookup.session_lives(s.id);
    if mine is not null then
        select c.verdict, c.tries_left into word, tries
        from lookup.flow_try_code(p_flow, 'step_up', p_cookie_hash, p_code_hashes) c;
    end if;
    if word = 'ok' then
        update public.sessions s set token_hash = p_new_token, stepped_up_at = now() where s.id = mine;
        insert into public.account_events (id, user_id, verb, request_id)
        values (p_event, me, 'session.step_up', p_request);
    end if;
    return query select word, tries, coalesce(place, '');
end $$;
grant execute on function lookup.step_up_by_code to portico_app;

-- Counts one attempt in the current window of p_window seconds. Returns the number of
-- attempts and the seconds until the window ends.
create function lookup.rate_hit(p_key bytea, p_window integer)
returns table (hits integer, retry_after integer)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    with hit as (
        insert into public.rate_counters as c (key, window_start, ends_at, hits)
        values (p_key, to_timestamp(floor(extract(epoch from now()) / p_window) * p_window),
                to_timestamp((floor(extract(epoch from now()) / p_window) + 1) * p_window), 1)
        on conflict (key, window_start) do update set hits = c.hits + 1
        returning c.hits, c.window_start
    )
    select hits, greatest(1, ceil(extract(epoch from window_start) + p_window - extract(epoch from now())))::integer
    from hit;
end $$;
grant execute on function lookup.rate_hit to portico_app;

-- Subtracts one attempt for each key in the open windows, at most a day long. After a
-- successful sign-in the attempts were no attack.
create function lookup.rate_refund(p_keys bytea[])
returns void
language sql volatile security definer set search_path = ''
as $$
    update public.rate_counters c
    set hits = greatest(0, c.hits - b.times)
    from (select k, count(*)::integer as times from unnest(p_keys) k group by k) b
    where c.key = b.k and c.window_start > now() - interval '1 day'
$$;
grant execute on function lookup.rate_refund to portico_app;
