# --- the identifier as a watermark
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: last_id et cursor ne la revoient pas
def increment_arguments() -> list[str]:
    return ["--resource", "transactions", "--watermark", "last_id"]

# --- the cursor as a watermark
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: Une correction garde son identifiant
def increment_arguments() -> list[str]:
    return ["--resource", "transactions", "--watermark", "cursor"]

# --- no look-back
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: relisez 72 h
def increment_arguments() -> list[str]:
    return ["--resource", "transactions", "--watermark", "updated_at", "--look-back-hours", "0"]

# --- a look-back of a few hours
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: est derrière le filigrane
def increment_arguments() -> list[str]:
    return ["--resource", "transactions", "--watermark", "updated_at", "--look-back-hours", "6"]

# --- the wrong resource
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: filigrane
def increment_arguments() -> list[str]:
    return ["--watermark", "updated_at"]

# --- a watermark that does not exist
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: filigrane
def increment_arguments() -> list[str]:
    return ["--resource", "transactions", "--watermark", "date"]

# --- a look-back of one day, late rows missed
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: relisez 72 h
def increment_arguments() -> list[str]:
    return ["--resource", "transactions", "--watermark", "updated_at", "--look-back-hours", "24"]

# --- days instead of hours
# file: statement.py
# caught by: test_the_increment_sees_what_moved
# hint: filigrane
def increment_arguments() -> list[str]:
    return ["--resource", "transactions", "--watermark", "updated_at", "--look-back-hours", "3"]
