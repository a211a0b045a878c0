"""What is measured, a module each. The numbers are those of the project's goals."""
