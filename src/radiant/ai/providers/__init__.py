"""One module for each upstream protocol, translating it to and from the neutral forms of `chat`."""
