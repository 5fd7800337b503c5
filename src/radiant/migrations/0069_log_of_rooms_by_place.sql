-- Section 20. Nobody looks for rows of the log by their time alone: they lie in each room in the order of their numbers,
-- and so of their times. An entry of this index was a tenth of what a keystroke wrote.

drop index collaboration_updates_at;
