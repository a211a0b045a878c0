"""DELETE /advocates/:id forgets a person wherever something was written, and every sum stays.

Each text that any operation takes is either planted here with a marker, or is not about a person and says why. An
operation or a field that is in neither list fails: whoever adds one decides, and an erasure clears it.
"""
