-- Two counts of the same thing, made in two places: what differs is explained or missing.
SELECT what, said, found, found - said AS difference FROM (
    SELECT 'lines that deliveries of payments say they have' AS what,
           COALESCE(sum(line_count), 0)::bigint AS said,
           (SELECT count(*) FROM run_line l JOIN payment_run r ON r.id = l.run_id
            WHERE r.received_at >= %(since)s AND r.received_at < %(until)s
              AND r.state = 'complete') AS found
    FROM payment_run
    WHERE received_at >= %(since)s AND received_at < %(until)s AND state = 'complete'
    UNION ALL
    SELECT 'lines that payment files say they carry', COALESCE(sum(line_count), 0)::bigint,
           (SELECT count(*) FROM attempt t JOIN submission s ON s.id = t.submission_id
            WHERE s.created_at >= %(since)s AND s.created_at < %(until)s
              AND s.purpose = 'payments')
    FROM submission
    WHERE created_at >= %(since)s AND created_at < %(until)s AND purpose = 'payments'
    UNION ALL
    SELECT 'events in the log, and those that are sealed or wait for it', count(*),
           (SELECT count(*) FROM event_seal WHERE occurred_at >= %(since)s AND occurred_at < %(until)s)
           + (SELECT count(*) FROM unsealed WHERE occurred_at >= %(since)s AND occurred_at < %(until)s)
    FROM event WHERE occurred_at >= %(since)s AND occurred_at < %(until)s
) AS counted
