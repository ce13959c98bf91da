-- Up to which position events may have been told by a database that was restored since.
SELECT log_floor FROM customer WHERE tenant_id = %(tenant_id)s AND id = %(tenant_id)s
