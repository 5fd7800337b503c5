-- Section 21. What is heard is paid by the minute, what is spoken by its characters: US dollars a minute, and per million
-- characters; null where nobody knows.

alter table external_models
    add column minute_price numeric(20, 9) check (minute_price >= 0),
    add column character_price numeric(20, 9) check (character_price >= 0);
