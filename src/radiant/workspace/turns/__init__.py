"""One turn of any chat: assemble, infer, persist. The same for chats now, and for panes and voice later."""
