DELETE FROM shared_note
