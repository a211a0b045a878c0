"""What an end user sees: hosted pages, the loader, their sessions. Views and templates, no domain rules."""
