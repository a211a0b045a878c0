"""What can be imported. A kind is a module here with these names, and a line in `KINDS`:

`COLUMNS`   our names of its columns
`REQUIRED`  groups of them, of each of which a file has one
`LAYOUTS`   by whose export it is: {our column: what it is called there, in small letters}
`identity`  (cells) → what tells the thing of one row from that of another, or None
`continues` (cells of the first row of a thing, cells of the next row) → whether that is of the same thing
`bring`     (job, rows) → what became of the rows of a part, in the caller's transaction
`undo`      (business, what `bring` left in `made`) → how many things could not be undone
"""

from collections.abc import Mapping

from advocates.services.kinds.imports import customers, orders, products
from advocates.services.kinds.imports.base import Kind

KINDS: Mapping[str, Kind] = {"customers": customers.KIND, "orders": orders.KIND, "products": products.KIND}
