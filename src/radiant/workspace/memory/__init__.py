"""What RADIANT remembers for a person, across chats (section 22); section 13's `user_memory` is a view of it."""
