"""The only place where the stages meet: one file per thing a verb asks for.

See docs/design/promise.md, Five rules.
"""
