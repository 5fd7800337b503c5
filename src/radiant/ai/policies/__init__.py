"""What a workspace lets its calls do: models, parameters, tags; and what is done to prompts and answers on their way."""
