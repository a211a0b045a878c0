"""Who brings whom: codes, clicks, conversions, risk. Pays through benefits, and knows no orders but by their ids."""
