-- Schema lookup: every function that sees across tenants or before one is known.
-- Each is owned by portico_lookup, pins its search_path, returns the fewest
-- columns, and takes the person from the context or spends a proof.

-- +goose Up
set local role portico_lookup;

-- +goose StatementBegin
-- Active, and its agency too. Not for the app.
create function lookup.tenant_active(p_tenant uuid)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select coalesce((
        select t.state = 'active' and coalesce(g.state, 'active') = 'active'
        from public.tenants t
        left join public.tenants g on g.id = t.agency_id
        where t.id = p_tenant), false)
$$;

-- Why a support session is over, marked so or not; null while it runs. It asks
-- for what must hold, so that whatever is missing ends the session. Not for the
-- app: it would answer about any tenant.
create function lookup.support_over(s public.support_sessions)
returns text
language sql stable security definer set search_path = ''
as $$
    select case
        when s.ended_how is not null then s.ended_how
        when not s.ends_at > now() then 'expired'
        when s.kind = 'support' and not exists (
            select 1 from public.support_agents a
            join public.users u on u.id = a.user_id and u.disabled_at is null
            where a.user_id = s.actor_id and a.disabled_at is null) then 'agent_disabled'
        when s.kind = 'support' and not exists (
            select 1 from public.support_grants g
            where g.tenant_id = s.tenant_id and g.id = s.grant_id and g.revoked_at is null) then 'revoked'
        when s.kind = 'support' and not exists (
            select 1 from public.support_grants g
            where g.tenant_id = s.tenant_id and g.id = s.grant_id and g.ends_at > now()) then 'expired'
        when s.kind = 'view_as' and not exists (
            select 1 from public.memberships m
            where m.tenant_id = s.tenant_id and m.user_id = s.actor_id and m.party = 'agency' and m.ended_at is null) then 'revoked'
        when not exists (
            select 1 from public.memberships m
            join public.users u on u.id = m.user_id and u.disabled_at is null
            where m.tenant_id = s.tenant_id and m.user_id = s.subject_id and m.ended_at is null) then 'target_gone'
        when not lookup.tenant_active(s.tenant_id) then 'tenant_suspended'
        end
$$;

-- The first round trip of every request: session, person, tenant, membership,
-- brand and support session, as of this moment. Always exactly one row. It
-- touches the session at most every five minutes.
create function lookup.who_is_asking(p_token bytea, p_host text, p_slug text, p_domain text)
returns table (
    session_id uuid, user_id uuid, user_kind text, user_name text, user_email text, time_zone text,
    stepped_up_at timestamptz,
    tenant_id uuid, tenant_kind text, tenant_slug text, tenant_name text, tenant_state text,
    portal_name text, welcome text, accent text, agency_name text,
    subject_id uuid, subject_name text, subject_email text, party text, role text, last_seen_at timestamptz, seen_before_at timestamptz, places integer,
    support_id uuid, support_tenant_id uuid, support_kind text, support_mode text, support_reason text,
    support_ticket text, support_ends_at timestamptz, support_slug text, support_over text)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
begin
    if p_token is not null then
        update public.sessions s
        set last_used_at = now()
        where s.token_hash = p_token
          and s.host = p_host
          and s.last_used_at < now() - interval '5 minutes'
          and s.last_used_at > now() - interval '12 hours'
          and s.expires_at > now();
    end if;
    return query
    with asker as (
        select s.id, s.user_id, u.kind, u.name, u.email, u.time_zone, s.stepped_up_at,
               s.support_tenant_id, s.support_session_id
        from public.sessions s
        join public.users u on u.id = s.user_id
        left join public.support_agents a on a.user_id = u.id
        where s.token_hash = p_token
          and s.host = p_host
          and s.expires_at > now()
          and s.last_used_at > now() - interval '12 hours'
          and u.disabled_at is null
          and (u.kind = 'person' or (a.user_id is not null and a.disabled_at is null))
    ), tenant as (
        select t.id, t.kind, t.slug, t.name,
               case when g.state is not null and t.state = 'active' then g.state else t.state end as state,
               t.portal_name, t.welcome, coalesce(t.accent, g.accent) as accent, g.name as agency_name
        from public.tenants t
        left join public.tenants g on g.id = t.agency_id
        where t.id = coalesce(
            (select b.id from public.tenants b where b.slug = p_slug),
            (select d.tenant_id from public.domains d where d.host = p_domain and d.verified_at is not null))
    ), pointed as (
        select ss.*, st.slug, lookup.support_over(ss) as over
        from asker k
        join public.support_sessions ss on ss.tenant_id = k.support_tenant_id and ss.id = k.support_session_id
        join public.tenants st on st.id = ss.tenant_id
        where ss.actor_id = k.user_id
    )
    select k.id, k.user_id, k.kind, k.name, k.email, k.time_zone, k.stepped_up_at,
           t.id, t.kind, t.slug, t.name, t.state, t.portal_name, t.welcome, t.accent, t.agency_name,
           m.user_id, m.name, m.email, m.party, m.role, m.last_seen_at, m.seen_before_at,
           -- To how many places this person could switch: nobody else's business in a support session.
           case when p.id is not null then 1
                else (select count(*) from public.memberships o where o.user_id = k.user_id and o.ended_at is null)
                end::integer,
           p.id, p.tenant_id, p.kind, p.mode, p.reason, p.ticket, p.ends_at, p.slug,
           case when k.support_session_id is not null and p.id is null then coalesce(o.over, 'revoked') end
    from (values (1)) as always (one)
    left join asker k on true
    left join tenant t on true
    left join pointed p on p.over is null
    left join pointed o on true
    left join public.memberships m
        on m.tenant_id = t.id
       and m.user_id = case when p.tenant_id = t.id then p.subject_id else k.user_id end
       and m.ended_at is null;
end $$;

-- The workspaces of the person in the context, most recently active first. In a
-- support session only the tenant that was granted.
create function lookup.my_workspaces(p_filter text, p_after uuid, p_limit integer)
returns table (
    tenant_id uuid, kind text, slug text, name text, state text, agency_name text, accent text,
    party text, role text, unread integer, waiting integer, next_due_on date,
    last_activity_at timestamptz, last_place text)
language sql stable security definer set search_path = ''
as $$
    select t.id, t.kind, t.slug, coalesce(case when m.party = 'client' then t.portal_name end, t.name), t.state, g.name,
           coalesce(t.accent, g.accent),
           m.party, m.role, m.unread, m.waiting, m.next_due_on, m.last_activity_at, m.last_place
    from public.memberships m
    join public.tenants t on t.id = m.tenant_id
    left join public.tenants g on g.id = t.agency_id
    where m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and m.ended_at is null
      and (nullif(current_setting('app.support_session_id', true), '') is null
           or m.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
      and (p_filter = '' or position(lower(p_filter) in lower(t.name)) > 0 or position(lower(p_filter) in t.slug) > 0)
      and (p_after is null or t.id > p_after)
    order by case when t.kind = 'agency' then 0 else 1 end, m.last_activity_at desc nulls last, t.name, t.id
    limit least(p_limit, 200)
$$;

-- A sign-in or step-up begins. A step-up belongs to a session of the person in
-- the context.
create function lookup.flow_begin(
    p_id uuid, p_purpose text, p_cookie_hash bytea, p_email text, p_session_id uuid, p_return_to text,
    p_provider text, p_state_hash bytea, p_nonce text, p_verifier text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
begin
    if p_purpose = 'step_up' and not exists (
        select 1 from public.sessions s where s.id = p_session_id and s.user_id = me) then
        return false;
    end if;
    insert into public.sign_in_flows (id, purpose, cookie_hash, email, user_id, session_id, return_to,
                                      provider, state_hash, nonce, verifier)
    values (p_id, p_purpose, p_cookie_hash, p_email, case when p_purpose = 'step_up' then me end,
            p_session_id, p_return_to, p_provider, p_state_hash, p_nonce, p_verifier);
    return true;
end $$;

-- Called by the mail job alone: gives a live flow the hashes of freshly minted
-- secrets and says whom to write to; no row for an address nobody has.
create function lookup.flow_mint(p_id uuid, p_link_hash bytea, p_code_hash bytea)
returns table (purpose text, email text, name text)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    update public.sign_in_flows f
    set link_hash = case when f.purpose = 'mail' then p_link_hash end,
        code_hash = p_code_hash
    from public.users u
    where f.id = p_id
      and f.purpose in ('mail', 'step_up')
      and f.spent_at is null
      and f.expires_at > now()
      and (u.id = f.user_id or (f.user_id is null and u.email = f.email))
      and u.disabled_at is null
    returning f.purpose, u.email, u.name;
end $$;

-- What became of a flow, in the words its page uses. Tries are the code's alone:
-- a link still works when somebody has guessed at the code.
create function lookup.flow_state(p_spent_at timestamptz, p_expires_at timestamptz)
returns text
language sql stable security definer set search_path = ''
as $$
    select case when p_spent_at is not null then 'used'
                when p_expires_at <= now() then 'expired'
                else 'live' end
$$;

-- What the page behind a mailed link may show before its button is pressed. The
-- address only while the link can still be used.
create function lookup.flow_peek(p_link_hash bytea)
returns table (email text, state text, return_to text)
language sql stable security definer set search_path = ''
as $$
    select case lookup.flow_state(f.spent_at, f.expires_at) when 'live' then f.email else '' end,
           lookup.flow_state(f.spent_at, f.expires_at), f.return_to
    from public.sign_in_flows f
    where f.link_hash = p_link_hash and f.purpose = 'mail'
$$;

-- Spends one try of the code of a flow, in the browser that asked: the one place
-- that counts to five. A wrong code is counted, so this returns a word and does
-- not raise: ok, wrong, too_many, used, expired or gone. Not for the app.
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
      and f.spent_at is null and f.expires_at > now() and f.tries < 5
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
                             when lookup.flow_state(flow.spent_at, flow.expires_at) <> 'live'
                             then lookup.flow_state(flow.spent_at, flow.expires_at)
                             else 'too_many' end, 0;
end $$;

-- Makes the session that a proof has earned. Not for the app: the three
-- functions below call it once they have spent something.
create function lookup.session_open(
    p_user uuid, p_session uuid, p_token bytea, p_host text, p_agent text,
    p_old_token bytea, p_event uuid, p_request text, p_verb text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare before uuid;
begin
    -- An agent's support session does not outlive the browser session it began in.
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
    p_old_token bytea, p_event uuid, p_request text)
returns table (user_id uuid, return_to text)
language plpgsql volatile security definer set search_path = ''
as $$
declare flow public.sign_in_flows; person uuid;
begin
    update public.sign_in_flows f
    set spent_at = now()
    where f.link_hash = p_link_hash and f.purpose = 'mail' and f.spent_at is null and f.expires_at > now()
    returning * into flow;
    if flow.id is null then return; end if;
    select u.id into person from public.users u where u.email = flow.email and u.disabled_at is null;
    if person is null then return; end if;
    perform lookup.session_open(person, p_session, p_token, p_host, p_agent, p_old_token, p_event, p_request, 'sign_in.link');
    return query select person, flow.return_to;
end $$;

create function lookup.sign_in_by_code(
    p_flow uuid, p_cookie_hash bytea, p_code_hashes bytea[], p_session uuid, p_token bytea, p_host text, p_agent text,
    p_old_token bytea, p_event uuid, p_request text)
returns table (verdict text, tries_left integer, user_id uuid, return_to text)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare word text; tries integer; person uuid; place text;
begin
    select c.verdict, c.tries_left into word, tries
    from lookup.flow_try_code(p_flow, 'mail', p_cookie_hash, p_code_hashes) c;
    if word = 'ok' then
        select u.id, f.return_to into person, place
        from public.sign_in_flows f
        join public.users u on u.email = f.email and u.disabled_at is null
        where f.id = p_flow;
        if person is null then
            word := 'gone';
        else
            perform lookup.session_open(person, p_session, p_token, p_host, p_agent, p_old_token, p_event, p_request, 'sign_in.code');
        end if;
    end if;
    return query select word, tries, person, coalesce(place, '');
end $$;

-- The answer of a provider came back: only in the browser that asked, only once.
create function lookup.flow_spend_state(p_cookie_hash bytea, p_state_hash bytea, p_provider text)
returns table (flow_id uuid, nonce text, verifier text, return_to text)
language sql volatile security definer set search_path = ''
as $$
    update public.sign_in_flows f
    set spent_at = now()
    where f.cookie_hash = p_cookie_hash and f.state_hash = p_state_hash and f.provider = p_provider
      and f.purpose = 'oidc' and f.spent_at is null and f.expires_at > now()
    returning f.id, f.nonce, f.verifier, f.return_to
$$;

-- Identity is (issuer, subject). An address links a new identity only when the
-- provider verified it. Needs a flow spent within the last two minutes.
create function lookup.sign_in_by_identity(
    p_flow uuid, p_issuer text, p_subject text, p_email text, p_verified boolean,
    p_session uuid, p_token bytea, p_host text, p_agent text, p_old_token bytea, p_event uuid, p_request text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid; flow uuid;
begin
    update public.sign_in_flows f
    set done_at = now()
    where f.id = p_flow and f.purpose = 'oidc' and f.done_at is null
      and f.spent_at > now() - interval '2 minutes'
    returning f.id into flow;
    if flow is null then return null; end if;
    select i.user_id into person from public.identities i where i.issuer = p_issuer and i.subject = p_subject;
    if person is null and p_verified then
        select u.id into person from public.users u where u.email = lower(p_email) and u.disabled_at is null;
        if person is not null then
            insert into public.identities (issuer, subject, user_id, email)
            values (p_issuer, p_subject, person, lower(p_email));
        end if;
    end if;
    if person is null or not exists (select 1 from public.users u where u.id = person and u.disabled_at is null) then
        return null;
    end if;
    perform lookup.session_open(person, p_session, p_token, p_host, p_agent, p_old_token, p_event, p_request, 'sign_in.provider');
    return person;
end $$;

-- A fresh proof renews the session under a new token.
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
    where s.token_hash = p_token;
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

-- Counts one attempt in the current window; says how many there were and in how
-- many seconds the window ends.
create function lookup.rate_hit(p_key bytea, p_window integer)
returns table (hits integer, retry_after integer)
language sql volatile security definer set search_path = ''
as $$
    with hit as (
        insert into public.rate_counters as c (key, window_start, hits)
        values (p_key, to_timestamp(floor(extract(epoch from now()) / p_window) * p_window), 1)
        on conflict (key, window_start) do update set hits = c.hits + 1
        returning c.hits, c.window_start
    )
    select hits, greatest(1, ceil(extract(epoch from window_start) + p_window - extract(epoch from now())))::integer
    from hit
$$;

-- Takes one attempt back for each key, in the windows that are open, of which a
-- day is the longest: what was answered by the person it was meant for is no attack.
create function lookup.rate_refund(p_keys bytea[])
returns void
language sql volatile security definer set search_path = ''
as $$
    update public.rate_counters c
    set hits = greatest(0, c.hits - b.times)
    from (select k, count(*)::integer as times from unnest(p_keys) k group by k) b
    where c.key = b.k and c.window_start > now() - interval '1 day'
$$;

-- An agency's own client? The proof behind tx.EnterClient.
create function lookup.is_my_client(p_client uuid)
returns boolean
language sql stable security definer set search_path = ''
as $$
    select current_setting('app.party', true) = 'agency'
       and nullif(current_setting('app.support_session_id', true), '') is null
       and exists (
           select 1 from public.tenants t
           where t.id = p_client
             and t.agency_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
$$;

-- A new client of the agency in the context, made by one of its owners or admins.
create function lookup.create_client(p_id uuid, p_slug text, p_name text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare agency uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
begin
    if nullif(current_setting('app.support_session_id', true), '') is not null or not exists (
        select 1 from public.memberships m
        where m.tenant_id = agency and m.tenant_kind = 'agency'
          and m.user_id = nullif(current_setting('app.user_id', true), '')::uuid
          and m.role in ('owner', 'admin') and m.ended_at is null) then
        return false;
    end if;
    insert into public.tenants (id, kind, agency_id, slug, name) values (p_id, 'client', agency, p_slug, p_name);
    return true;
end $$;

-- The person behind an address, made when there is none. Says nothing but an id,
-- and only to somebody standing in a tenant outside a support session.
create function lookup.person_for(p_new uuid, p_email text, p_name text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid;
begin
    if nullif(current_setting('app.tenant_id', true), '') is null
       or nullif(current_setting('app.support_session_id', true), '') is not null then
        return null;
    end if;
    insert into public.users (id, email, name) values (p_new, p_email, p_name)
    on conflict (email) do nothing;
    select u.id into person from public.users u where u.email = p_email and u.kind = 'person';
    return person;
end $$;

-- Is the person in the context an agent in good standing?
create function lookup.i_am_agent()
returns boolean
language sql stable security definer set search_path = ''
as $$
    select exists (
        select 1 from public.support_agents a
        join public.users u on u.id = a.user_id and u.disabled_at is null
        where a.user_id = nullif(current_setting('app.user_id', true), '')::uuid
          and a.disabled_at is null)
$$;

-- Support's search: an exact slug or address, or the beginning of a name. The end
-- of the consent is null where support may not come in.
create function lookup.support_find(p_query text)
returns table (tenant_id uuid, slug text, name text, kind text, agency_name text, grant_ends_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select t.id, t.slug, t.name, t.kind, a.name,
           (select max(g.ends_at) from public.support_grants g
            where g.tenant_id = t.id and g.revoked_at is null and g.ends_at > now()
              and lookup.tenant_active(t.id))
    from public.tenants t
    left join public.tenants a on a.id = t.agency_id
    where lookup.i_am_agent()
      and char_length(p_query) >= 2
      and (t.slug = lower(p_query)
           or starts_with(lower(t.name), lower(p_query))
           or t.id in (select m.tenant_id from public.memberships m
                       join public.users u on u.id = m.user_id
                       where u.email = lower(p_query) and m.ended_at is null))
    order by t.slug = lower(p_query) desc, t.name, t.id
    limit 10
$$;

-- Whom an agent may look as: only where a grant is open.
create function lookup.support_people(p_slug text)
returns table (user_id uuid, name text, party text, role text)
language sql stable security definer set search_path = ''
as $$
    select m.user_id, m.name, m.party, m.role
    from public.tenants t
    join public.memberships m on m.tenant_id = t.id and m.ended_at is null
    join public.users u on u.id = m.user_id and u.disabled_at is null
    where lookup.i_am_agent()
      and t.slug = p_slug
      and lookup.tenant_active(t.id)
      and exists (select 1 from public.support_grants g
                  where g.tenant_id = t.id and g.revoked_at is null and g.ends_at > now())
    order by m.party desc, m.name, m.user_id
    limit 500
$$;

-- The start of a support session: every condition of it, under two locks. That of
-- the agent's row keeps an agent to one session; that of the consent makes a
-- revocation either come first, and refuse, or come after, and end the session.
-- A refusal is written into the tenant that was asked for. The session ends with
-- the consent, if that is sooner.
create function lookup.support_start(
    p_id uuid, p_slug text, p_subject uuid, p_reason text, p_ticket text, p_minutes integer,
    p_token bytea, p_audit uuid, p_request text)
returns table (verdict text, tenant_id uuid, ends_at timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare
    me uuid := nullif(current_setting('app.user_id', true), '')::uuid;
    my_name text; place uuid; target public.memberships; consent public.support_grants; why text; until timestamptz;
begin
    select u.name into my_name
    from public.support_agents a
    join public.users u on u.id = a.user_id and u.disabled_at is null
    where a.user_id = me and a.disabled_at is null
    for update of a;
    if not found then return query select 'not_agent', null::uuid, null::timestamptz; return; end if;
    select t.id into place from public.tenants t where t.slug = p_slug;
    if place is null then return query select 'no_tenant', null::uuid, null::timestamptz; return; end if;
    select m.* into target
    from public.memberships m
    join public.users u on u.id = m.user_id and u.disabled_at is null
    where m.tenant_id = place and m.user_id = p_subject and m.user_id <> me and m.ended_at is null;
    select g.* into consent
    from public.support_grants g
    where g.tenant_id = place and g.revoked_at is null and g.ends_at > now()
    order by g.ends_at desc limit 1
    for share;
    why := case
        when consent.id is null then 'no_grant'
        when not lookup.tenant_active(place) then 'no_grant'
        when not exists (
            select 1 from public.sessions s
            where s.token_hash = p_token and s.user_id = me and s.stepped_up_at > now() - interval '5 minutes') then 'no_step_up'
        when char_length(btrim(p_reason)) between 1 and 500
             and char_length(btrim(p_ticket)) between 1 and 80
             and p_minutes between 1 and 60 then
            case
            when target.user_id is null then 'bad_target'
            when exists (
                select 1 from public.support_sessions o
                where o.actor_id = me and o.ended_at is null and o.ends_at > now() and lookup.support_over(o) is null) then 'busy'
            end
        else 'bad_input'
        end;
    if why is not null then
        insert into public.audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, result, request_id, detail)
        values (place, p_audit, me, me, 'system', 'support.refused', case when target.user_id is null then '' else 'membership' end,
                target.user_id, 'denied', p_request, jsonb_build_object('why', why));
        return query select why, place, null::timestamptz;
        return;
    end if;
    until := least(now() + make_interval(mins => p_minutes), consent.ends_at);
    insert into public.support_sessions (tenant_id, id, kind, grant_id, actor_id, actor_name, subject_id, reason, ticket, ends_at)
    values (place, p_id, 'support', consent.id, me, my_name, p_subject, btrim(p_reason), btrim(p_ticket), until);
    update public.sessions s set support_tenant_id = place, support_session_id = p_id
    where s.token_hash = p_token and s.user_id = me;
    insert into public.audit_events (tenant_id, id, actor_id, subject_id, support_session_id, party, verb, target_kind, target_id, request_id)
    values (place, p_audit, me, p_subject, p_id, target.party, 'support.started', 'support_session', p_id, p_request);
    return query select 'ok', place, until;
end $$;

-- Marks what is over of one actor's support sessions, and ends those that still
-- run the way it is told to. Ids of audit rows made here are random: nothing is
-- ordered by them alone. Not for the app.
create function lookup.support_end(p_actor uuid, p_how text, p_request text)
returns table (tenant_id uuid, session_id uuid, subject_id uuid)
language plpgsql volatile security definer set search_path = ''
as $$
#variable_conflict use_column
declare o public.support_sessions; how text;
begin
    for o in
        select s.* from public.support_sessions s
        where s.actor_id = p_actor and s.ended_at is null
        for update
    loop
        how := coalesce(lookup.support_over(o), p_how);
        update public.support_sessions s
        set ended_at = least(now(), o.ends_at), ended_how = how
        where s.tenant_id = o.tenant_id and s.id = o.id;
        insert into public.audit_events (tenant_id, id, actor_id, subject_id, support_session_id, party, verb, target_kind, target_id, request_id, detail)
        select o.tenant_id, gen_random_uuid(), o.actor_id, o.subject_id, o.id, m.party,
               case how when 'stopped' then 'support.stopped' when 'expired' then 'support.expired' else 'support.ended' end,
               'support_session', o.id, p_request, jsonb_build_object('how', how)
        from public.memberships m where m.tenant_id = o.tenant_id and m.user_id = o.subject_id;
        return query select o.tenant_id, o.id, o.subject_id;
    end loop;
end $$;

-- The agent's own Stop, from whichever of their browsers. Stopping what is over
-- already ends nothing and lets this browser forget it.
create function lookup.support_stop(p_token bytea, p_request text)
returns table (tenant_id uuid, session_id uuid, subject_id uuid)
language plpgsql volatile security definer set search_path = ''
as $$
declare me uuid := nullif(current_setting('app.actor_id', true), '')::uuid;
begin
    update public.sessions s set support_tenant_id = null, support_session_id = null
    where s.token_hash = p_token and s.user_id = me;
    return query select * from lookup.support_end(me, 'stopped', p_request);
end $$;

-- An agent's own past, with the names of the tenants.
create function lookup.support_history(p_limit integer)
returns table (id uuid, tenant_name text, slug text, subject_name text, kind text, mode text, reason text, ticket text,
               started_at timestamptz, ends_at timestamptz, ended_at timestamptz, ended_how text)
language sql stable security definer set search_path = ''
as $$
    select s.id, t.name, t.slug, m.name, s.kind, s.mode, s.reason, s.ticket, s.started_at, s.ends_at,
           coalesce(s.ended_at, case when o.how is not null then least(now(), s.ends_at) end), o.how
    from (
        select * from public.support_sessions
        where actor_id = nullif(current_setting('app.user_id', true), '')::uuid
        order by started_at desc, id
        limit least(p_limit, 100)
    ) s
    cross join lateral (select lookup.support_over((s.*)::public.support_sessions)) o (how)
    join public.tenants t on t.id = s.tenant_id
    join public.memberships m on m.tenant_id = s.tenant_id and m.user_id = s.subject_id
    order by s.started_at desc, s.id
$$;

-- A refused job, for whoever runs the installation.
create function lookup.job_refused(p_id uuid, p_job bigint, p_kind text, p_claimed text, p_reason text)
returns void
language sql volatile security definer set search_path = ''
as $$
    insert into public.job_refusals (id, job_id, kind, claimed_tenant, reason)
    values (p_id, p_job, left(p_kind, 100), left(p_claimed, 100), left(p_reason, 200))
$$;

-- How things stand in the tenant of the context, with its person and its support
-- session: what a job asks before it does anything, and before it writes to
-- somebody. Always one row; nothing in it is about another tenant but the name
-- and colour of its own agency, which its people see on every page.
create function lookup.job_standing()
returns table (
    tenant_state text, agency_name text, accent text,
    party text, role text, name text, email text, support boolean)
language sql stable security definer set search_path = ''
as $$
    select case when t.state = 'active' then coalesce(g.state, t.state) else t.state end,
           g.name, coalesce(t.accent, g.accent),
           m.party, m.role, m.name, m.email,
           exists (
               select 1 from public.support_sessions s
               where s.tenant_id = c.tenant and s.id = c.session and lookup.support_over(s) is null)
    from (
        select nullif(current_setting('app.tenant_id', true), '')::uuid as tenant,
               nullif(current_setting('app.user_id', true), '')::uuid as person,
               nullif(current_setting('app.support_session_id', true), '')::uuid as session
    ) c
    left join public.tenants t on t.id = c.tenant
    left join public.tenants g on g.id = t.agency_id
    left join public.memberships m
        on m.tenant_id = c.tenant and m.user_id = c.person and m.ended_at is null
       and exists (select 1 from public.users u where u.id = c.person and u.disabled_at is null)
$$;

-- Ids of active tenants, in order, for the periodic job that asks for one
-- tenant job each. Ids alone say nothing about anybody.
create function lookup.active_tenants(p_after uuid, p_limit integer)
returns setof uuid
language sql stable security definer set search_path = ''
as $$
    select t.id from public.tenants t
    where lookup.tenant_active(t.id) and (p_after is null or t.id > p_after)
    order by t.id
    limit least(p_limit, 1000)
$$;

-- What is over and can go: sessions, flows, counters.
create function lookup.sweep()
returns table (sessions bigint, flows bigint, counters bigint)
language sql volatile security definer set search_path = ''
as $$
    with s as (
        delete from public.sessions where expires_at < now() or last_used_at < now() - interval '12 hours' returning 1
    ), f as (
        delete from public.sign_in_flows where expires_at < now() - interval '1 day' returning 1
    ), c as (
        delete from public.rate_counters where window_start < now() - interval '1 day' returning 1
    )
    select (select count(*) from s), (select count(*) from f), (select count(*) from c)
$$;

-- The operator's own: these are for the command line, as portico_owner, and the
-- app may not call them.
create function lookup.create_agency(p_id uuid, p_slug text, p_name text, p_owner uuid, p_email text, p_owner_name text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
declare person uuid;
begin
    insert into public.tenants (id, kind, slug, name) values (p_id, 'agency', p_slug, p_name);
    insert into public.users (id, email, name) values (p_owner, p_email, p_owner_name) on conflict (email) do nothing;
    select u.id into person from public.users u where u.email = p_email;
    insert into public.memberships (tenant_id, user_id, tenant_kind, party, role, name, email)
    values (p_id, person, 'agency', 'agency', 'owner', p_owner_name, p_email);
    insert into public.audit_events (tenant_id, id, party, verb, target_kind, target_id)
    values (p_id, p_id, 'system', 'tenant.created', 'tenant', p_id);
end $$;

create function lookup.list_tenants(p_after text, p_limit integer)
returns table (id uuid, kind text, slug text, name text, state text, agency_slug text, created_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select t.id, t.kind, t.slug, t.name, t.state, g.slug, t.created_at
    from public.tenants t
    left join public.tenants g on g.id = t.agency_id
    where t.slug > p_after
    order by t.slug
    limit p_limit
$$;

create function lookup.add_agent(p_id uuid, p_email text, p_name text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
    insert into public.users (id, kind, email, name) values (p_id, 'agent', p_email, p_name);
    insert into public.support_agents (user_id) values (p_id);
end $$;

-- Ends what the agent has running, too.
create function lookup.disable_agent(p_email text)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
declare agent uuid;
begin
    update public.support_agents a
    set disabled_at = coalesce(a.disabled_at, now())
    from public.users u
    where u.id = a.user_id and u.email = p_email
    returning a.user_id into agent;
    if agent is null then return null; end if;
    perform lookup.support_end(agent, 'agent_disabled', '');
    return true;
end $$;

create function lookup.list_agents()
returns table (email text, name text, added_at timestamptz, disabled_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select u.email, u.name, a.added_at, a.disabled_at
    from public.support_agents a
    join public.users u on u.id = a.user_id
    order by u.email
$$;

do $$
declare
    f regprocedure;
    operator_only text[] := array['create_agency', 'list_tenants', 'add_agent', 'disable_agent', 'list_agents'];
    -- Called by other functions here, and by nobody else.
    inner_only text[] := array['session_open', 'flow_try_code', 'flow_state', 'support_over', 'support_end', 'tenant_active'];
begin
    for f in select p.oid::regprocedure from pg_catalog.pg_proc p where p.pronamespace = 'lookup'::regnamespace loop
        if (select proname from pg_catalog.pg_proc where oid = f) = any (operator_only) then
            execute format('grant execute on function %s to portico_owner', f);
        elsif not (select proname from pg_catalog.pg_proc where oid = f) = any (inner_only) then
            execute format('grant execute on function %s to portico_app', f);
        end if;
    end loop;
end $$;
-- +goose StatementEnd

reset role;

-- +goose Down
drop schema lookup cascade;
create schema lookup;
