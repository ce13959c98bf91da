-- Choose the customer of this unit of work and how much of it is seen, until its transaction ends.
SELECT set_config('app.tenant', %(tenant_id)s::text, true),
       set_config('app.sight', %(sight)s::text, true)
