# --- floats
# file: statement.py
# caught by: test_the_sum_is_exact_to_the_cent
# hint: float ne sait pas écrire 0.1
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    totals = {}
    for row in transactions.to_pylist():
        if row["status"] == "settled":
            totals[row["account"]] = totals.get(row["account"], 0.0) + float(row["amount"])
    return totals

# --- floats, rounded at the end
# file: statement.py
# caught by: test_the_sum_is_exact_to_the_cent
# hint: du début à la fin
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    totals = {}
    for row in transactions.to_pylist():
        if row["status"] == "settled":
            totals[row["account"]] = totals.get(row["account"], 0.0) + float(row["amount"])
    return {account: Decimal(f"{total:.2f}") for account, total in totals.items()}

# --- pending transactions count
# file: statement.py
# caught by: test_only_settled_transactions_count
# hint: n'est pas encore passé
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    counted = transactions.filter(pc.not_equal(transactions["status"], "reversed"))
    totals = counted.group_by("account").aggregate([("amount", "sum")])
    return dict(zip(totals["account"].to_pylist(), totals["amount_sum"].to_pylist(), strict=True))

# --- reversed transactions count
# file: statement.py
# caught by: test_only_settled_transactions_count
# hint: « reversed » a été annulé
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    counted = transactions.filter(pc.not_equal(transactions["status"], "pending"))
    totals = counted.group_by("account").aggregate([("amount", "sum")])
    return dict(zip(totals["account"].to_pylist(), totals["amount_sum"].to_pylist(), strict=True))

# --- debits counted as credits
# file: statement.py
# caught by: test_each_account_has_its_own_signed_sum
# hint: Les débits sont négatifs
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    totals = {}
    for row in transactions.to_pylist():
        if row["status"] == "settled":
            totals[row["account"]] = totals.get(row["account"], Decimal(0)) + abs(row["amount"])
    return totals

# --- one total for all the accounts
# file: statement.py
# caught by: test_each_account_has_its_own_signed_sum
# hint: compte par compte
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    settled = transactions.filter(pc.equal(transactions["status"], "settled"))
    return {"total": pc.sum(settled["amount"]).as_py()}

# --- the count instead of the sum
# file: statement.py
# caught by: test_each_account_has_its_own_signed_sum
# hint: additionnez avec leur signe
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    settled = transactions.filter(pc.equal(transactions["status"], "settled"))
    totals = settled.group_by("account").aggregate([("amount", "count")])
    return dict(zip(totals["account"].to_pylist(), totals["amount_count"].to_pylist(), strict=True))

# --- every status counts
# file: statement.py
# caught by: test_only_settled_transactions_count
# hint: settled
def balances(transactions: pa.Table) -> dict[str, Decimal]:
    totals = transactions.group_by("account").aggregate([("amount", "sum")])
    return dict(zip(totals["account"].to_pylist(), totals["amount_sum"].to_pylist(), strict=True))
