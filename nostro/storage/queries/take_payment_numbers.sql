-- Reserve payment numbers; whoever comes next waits until this unit of work ends.
UPDATE customer SET next_payment_number = next_payment_number + %(count)s
WHERE tenant_id = %(tenant_id)s AND id = %(tenant_id)s
RETURNING next_payment_number - %(count)s AS first
