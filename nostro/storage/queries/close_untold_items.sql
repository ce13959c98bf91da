-- Items that a complete list of their source no longer holds are closed there; which they were.
UPDATE open_item SET told_minor = 0, open_minor = 0, told_at = %(told_at)s
WHERE entity_id = %(entity_id)s AND source = %(source)s
    AND (told_at IS NULL OR told_at < %(told_at)s) AND (told_minor <> 0 OR open_minor <> 0)
RETURNING id
