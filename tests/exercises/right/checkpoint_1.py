# --- the default look-back
# file: statement.py
def increment_arguments() -> list[str]:
    return "--watermark updated_at --resource transactions".split()

# --- a longer look-back
# file: statement.py
def increment_arguments() -> list[str]:
    return ["--look-back-hours", "120", "--watermark", "updated_at", "--resource", "transactions"]

# --- the options written with an equals sign
# file: statement.py
def increment_arguments() -> list[str]:
    return ["--resource=transactions", "--resource", "transactions", "--watermark=updated_at", "--look-back-hours=72"]
