"""The class of sample students."""
