"""/v1: OpenAI's and Anthropic's protocols over the one door to a model, any model through either."""
