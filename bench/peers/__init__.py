"""What a user could have instead: small programs that do the same work on tables of their own."""
