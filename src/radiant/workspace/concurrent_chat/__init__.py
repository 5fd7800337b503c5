"""Chats side by side: sessions of panes, questions to several models at once, one stream of all their answers."""
