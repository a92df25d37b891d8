"""The attack and fault suite: hostile and unlucky submissions, graded by stock nbgrader and by us.

`python -m tests.attacks` prints the table. Each attack is a real submission to one small
assignment; it states what honest grading gives, and nothing but that is right.
"""
