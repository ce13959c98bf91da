-- Choose the customer of this unit of work, until its transaction ends.
SELECT set_config('app.tenant', %(tenant_id)s::text, true)
