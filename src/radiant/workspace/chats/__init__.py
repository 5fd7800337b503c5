"""Chats and their messages: a tree, so that edits and retries lose nothing."""
