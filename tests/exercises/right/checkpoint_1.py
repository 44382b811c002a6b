# --- the default look-back
# file: statement.py
def increment_arguments() -> list[str]:
    return "--watermark updated_at --resource transactions".split()

# --- a longer look-back
# file: statement.py
def increment_arguments() -> list[str]:
    return ["--look-back-hours", "120", "--watermark", "updated_at", "--resource", "transactions"]
