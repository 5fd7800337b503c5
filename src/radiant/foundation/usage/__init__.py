"""The ledger of calls and the budgets that bound them: the truth that metrics reads."""
