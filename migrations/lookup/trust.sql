-- What the installation proves of itself, for the trust page.

-- Records that a claim was tried, and whether it held. Only for the schedule: nothing
-- inside a tenant records a proof.
create function lookup.record_proof(p_claim text, p_holds boolean)
returns void
language sql volatile security definer set search_path = ''
as $$
    insert into public.proofs (claim, tried_at, held_at)
    select p_claim, now(), case when p_holds then now() end
    where lookup.nobody_asks()
    on conflict (claim) do update
    set tried_at = excluded.tried_at,
        held_at = coalesce(excluded.held_at, proofs.held_at)
$$;
grant execute on function lookup.record_proof to portico_app;

-- When each claim was last tried, and when it last held. Anybody may know.
create function lookup.proofs()
returns table (claim text, tried_at timestamptz, held_at timestamptz)
language sql stable security definer set search_path = ''
as $$
    select p.claim, p.tried_at, p.held_at from public.proofs p order by p.claim
$$;
grant execute on function lookup.proofs to portico_app;

-- The number of support sessions of the last 30 days that began without consent in force.
-- That none lasts longer than an hour is a constraint of the table. Only for the schedule,
-- which learns a number and nothing else.
create function lookup.support_without_consent()
returns bigint
language sql stable security definer set search_path = ''
as $$
    select count(*)
    from public.support_sessions s
    left join public.support_grants g
        on g.tenant_id = s.tenant_id
       and g.id = s.grant_id
       and g.created_at <= s.started_at
       and g.ends_at > s.started_at
       and coalesce(g.revoked_at >= s.started_at, true)
    where s.kind = 'support'
      and s.started_at > now() - interval '30 days'
      and g.id is null
      and lookup.nobody_asks()
$$;
grant execute on function lookup.support_without_consent to portico_app;
