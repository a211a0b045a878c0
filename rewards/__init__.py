"""What can be had: the catalogue, redemptions, coupons. Moves points only through the ledger's services."""
