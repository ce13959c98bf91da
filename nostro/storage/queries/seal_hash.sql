-- The hash with which a customer's chain stands at one position, if it is that long.
SELECT hash FROM event_seal WHERE tenant_id = %(tenant_id)s AND position = %(position)s
