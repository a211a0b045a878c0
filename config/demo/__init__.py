"""The demo: a business with a year behind it, and the shop of that business."""
