# --- more rows than the minimum wanted
# file: rule_results.py
# caught by: test_min_rows_is_judged_on_the_number_of_rows
# hint: (>=)
def from_schema(rule: Rule, table: pa.Table) -> RuleResult | None:
    rows = table.num_rows
    if rule.name == "min_rows":
        return ok(rule, rows) if rows > rule.bounds[0] else failure(rule, rows, rows, [])
    if rule.column not in table.column_names:
        return RuleResult(rule.name, rule.column, "missing_column", rows, rows, "absente")
    return ok(rule, rows) if rule.name == "required_columns" else None

# --- an absent column has no wrong value
# file: rule_results.py
# caught by: test_a_rule_on_an_absent_column_fails
# hint: jamais None ni une exception
def from_schema(rule: Rule, table: pa.Table) -> RuleResult | None:
    rows = table.num_rows
    if rule.name == "min_rows":
        return ok(rule, rows) if rows >= rule.bounds[0] else failure(rule, rows, rows, [])
    if rule.name == "required_columns":
        present = rule.column in table.column_names
        return ok(rule, rows) if present else RuleResult(rule.name, rule.column, "missing_column", rows, rows, "absente")
    return None

# --- bounds on text let through
# file: rule_results.py
# caught by: test_what_the_schema_can_not_tell_is_left_to_the_values
# hint: sur une colonne de texte
def from_schema(rule: Rule, table: pa.Table) -> RuleResult | None:
    rows = table.num_rows
    if rule.name == "min_rows":
        return ok(rule, rows) if rows >= rule.bounds[0] else failure(rule, rows, rows, [])
    if rule.column not in table.column_names:
        return RuleResult(rule.name, rule.column, "missing_column", rows, rows, "absente")
    return ok(rule, rows) if rule.name == "required_columns" else None

# --- decimals are not numbers
# file: rule_results.py
# caught by: test_what_the_schema_can_not_tell_is_left_to_the_values
# hint: Les décimales et les entiers, eux, se comparent
def from_schema(rule: Rule, table: pa.Table) -> RuleResult | None:
    rows = table.num_rows
    if rule.name == "min_rows":
        return ok(rule, rows) if rows >= rule.bounds[0] else failure(rule, rows, rows, [])
    if rule.column not in table.column_names:
        return RuleResult(rule.name, rule.column, "missing_column", rows, rows, "absente")
    kind = table.schema.field(rule.column).type
    if rule.name == "value_ranges" and not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return RuleResult(rule.name, rule.column, "not_a_number", rows, rows, "pas un nombre")
    return ok(rule, rows) if rule.name == "required_columns" else None

# --- null instead of not null
# file: expectations.py
# caught by: test_missing_values_are_found
# hint: ToNotBeNull
def expectation(rule: Rule) -> gxe.Expectation:
    low, high = rule.bounds
    if rule.name == "not_null_columns":
        return gxe.ExpectColumnValuesToBeNull(column=rule.column)
    if rule.name == "unique_columns":
        return gxe.ExpectColumnValuesToBeUnique(column=rule.column)
    return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=low, max_value=high)

# --- bounds left out
# file: expectations.py
# caught by: test_values_out_of_range_are_found
# hint: bornes comprises
def expectation(rule: Rule) -> gxe.Expectation:
    low, high = rule.bounds
    if rule.name == "not_null_columns":
        return gxe.ExpectColumnValuesToNotBeNull(column=rule.column)
    if rule.name == "unique_columns":
        return gxe.ExpectColumnValuesToBeUnique(column=rule.column)
    return gxe.ExpectColumnValuesToBeBetween(
        column=rule.column, min_value=low, max_value=high, strict_min=True, strict_max=True
    )

# --- the maximum forgotten
# file: expectations.py
# caught by: test_values_out_of_range_are_found
# hint: max_value=
def expectation(rule: Rule) -> gxe.Expectation:
    if rule.name == "not_null_columns":
        return gxe.ExpectColumnValuesToNotBeNull(column=rule.column)
    if rule.name == "unique_columns":
        return gxe.ExpectColumnValuesToBeUnique(column=rule.column)
    return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=rule.bounds[0] or 0)

# --- unique mistaken for not null
# file: expectations.py
# caught by: test_duplicates_are_found
# hint: ToBeUnique
def expectation(rule: Rule) -> gxe.Expectation:
    low, high = rule.bounds
    if rule.name == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=rule.column, min_value=low, max_value=high)
    return gxe.ExpectColumnValuesToNotBeNull(column=rule.column)
