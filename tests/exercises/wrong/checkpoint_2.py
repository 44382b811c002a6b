# --- the first one read
# file: statement.py
# caught by: test_only_the_latest_version_of_each_transaction_stays
# hint: pas l'ordre d'arrivée
def latest_versions(readings: pa.Table) -> pa.Table:
    ids = readings["id"].to_pylist()
    return readings.take([ids.index(one) for one in dict.fromkeys(ids)])

# --- the last one read
# file: statement.py
# caught by: test_only_the_latest_version_of_each_transaction_stays
# hint: une vieille version peut être lue après
def latest_versions(readings: pa.Table) -> pa.Table:
    last = {one: position for position, one in enumerate(readings["id"].to_pylist())}
    return readings.take(pa.array(list(last.values()), pa.int64()))

# --- nothing removed
# file: statement.py
# caught by: test_only_the_latest_version_of_each_transaction_stays
# hint: `updated_at` qui départage
def latest_versions(readings: pa.Table) -> pa.Table:
    return readings.sort_by([("id", "ascending"), ("updated_at", "descending")])

# --- equal rows both kept
# file: statement.py
# caught by: test_nothing_and_exact_duplicates_are_handled
# hint: deux versions identiques n'en font qu'une
def latest_versions(readings: pa.Table) -> pa.Table:
    latest = {}
    rows = readings.to_pylist()
    for row in rows:
        latest[row["id"]] = max(latest.get(row["id"], row["updated_at"]), row["updated_at"])
    keep = [row["updated_at"] == latest[row["id"]] for row in rows]
    return readings.filter(pa.array(keep, pa.bool_()))

# --- an empty day breaks it
# file: statement.py
# caught by: test_nothing_and_exact_duplicates_are_handled
# hint: Le jour où il n'y a rien à lire
def latest_versions(readings: pa.Table) -> pa.Table:
    table = readings.sort_by([("id", "ascending"), ("updated_at", "descending")])
    ids = table["id"].to_pylist()
    first = ids[0]
    keep = [True] + [ids[at] != ids[at - 1] for at in range(1, len(ids))]
    return table.filter(pa.array(keep)) if first else table

# --- only the key columns kept
# file: statement.py
# caught by: test_every_column_is_kept
# hint: le relevé a besoin du compte
def latest_versions(readings: pa.Table) -> pa.Table:
    table = readings.sort_by([("id", "ascending"), ("updated_at", "descending")])
    ids = table["id"].to_pylist()
    keep = [at == 0 or ids[at] != ids[at - 1] for at in range(len(ids))]
    return table.filter(pa.array(keep, pa.bool_())).select(["id", "updated_at", "status"])

# --- the oldest version
# file: statement.py
# caught by: test_only_the_latest_version_of_each_transaction_stays
# hint: updated_at
def latest_versions(readings: pa.Table) -> pa.Table:
    best = {}
    for position, row in enumerate(readings.to_pylist()):
        if row["id"] not in best or row["updated_at"] < best[row["id"]][0]:
            best[row["id"]] = (row["updated_at"], position)
    return readings.take(pa.array([position for _, position in best.values()], pa.int64()))

# --- one row in all
# file: statement.py
# caught by: test_only_the_latest_version_of_each_transaction_stays
# hint: updated_at
def latest_versions(readings: pa.Table) -> pa.Table:
    return readings.sort_by([("updated_at", "descending")]).slice(0, 1)
