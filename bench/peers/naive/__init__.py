"""The naive peer: Django REST framework as its tutorial has it. A key by the ORM, then one statement a table."""
