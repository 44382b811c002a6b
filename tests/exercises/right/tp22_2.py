# --- a table of expectations
# file: expectations.py
def expectation(rule: Rule) -> gxe.Expectation:
    kinds = {
        "not_null_columns": gxe.ExpectColumnValuesToNotBeNull,
        "unique_columns": gxe.ExpectColumnValuesToBeUnique,
        "value_ranges": gxe.ExpectColumnValuesToBeBetween,
    }
    bounds = dict(zip(("min_value", "max_value"), rule.bounds, strict=True)) if rule.name == "value_ranges" else {}
    return kinds[rule.name](column=rule.column, **bounds)

# --- a ladder of ifs
# file: rule_results.py
def from_schema(rule: Rule, table: pa.Table) -> RuleResult | None:
    count = len(table)
    if rule.name == "min_rows":
        if count < rule.bounds[0]:
            return failure(rule, count, count, [])
        return ok(rule, count)
    names = set(table.schema.names)
    if rule.column not in names:
        return RuleResult(rule.name, rule.column, "missing_column", count, count, f"{rule.column} manque.")
    if rule.name == "required_columns":
        return ok(rule, count)
    if rule.name == "value_ranges":
        kind = table.schema.field(rule.column).type
        if pa.types.is_string(kind) or pa.types.is_struct(kind) or pa.types.is_temporal(kind):
            return RuleResult(rule.name, rule.column, "not_a_number", count, count, f"{rule.column} : {kind}.")
    return None
