"""What can be had: the catalogue, redemptions, coupons, gift cards. Points move through the ledger's services only."""
