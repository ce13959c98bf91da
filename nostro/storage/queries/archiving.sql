-- How the server archives its log. archive_library is new in PostgreSQL 15, our oldest.
SELECT current_setting('wal_level') AS wal_level,
       current_setting('archive_mode') AS archive_mode,
       COALESCE(NULLIF(current_setting('archive_command'), '(disabled)'), '') AS command,
       current_setting('archive_library') AS library,
       last_archived_time AS archived_at,
       last_failed_time AS failed_at
FROM pg_stat_archiver
