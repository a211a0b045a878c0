"""People: who they are, what they buy, what they say. Keeps no points: those are the ledger's."""
