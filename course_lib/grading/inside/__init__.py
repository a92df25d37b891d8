"""What both sides of the sandbox's wall have: the values that cross it, and the student's end.

This folder is mounted in the sandbox as the package `course_inside`. It needs the standard library
and NumPy only, and holds nothing that a student may not read.
"""
