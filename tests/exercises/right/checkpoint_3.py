# --- a dictionary of decimals
# file: statement.py
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    totals = {}
    for row in transactions.to_pylist():
        if row["status"] == "settled":
            totals[row["account"]] = totals.get(row["account"], Decimal("0.00")) + row["amount"]
    return totals

# --- in cents
# file: statement.py
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    cents = {}
    for row in transactions.to_pylist():
        if row["status"] == "settled":
            cents[row["account"]] = cents.get(row["account"], 0) + int(row["amount"] * 100)
    return {account: Decimal(total) / 100 for account, total in cents.items()}

# --- Decimal, row by row
# file: statement.py
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in transactions.to_pylist():
        if row["status"] == "settled":
            found[row["account"]] = found.get(row["account"], Decimal("0.00")) + row["amount"]
    return found
