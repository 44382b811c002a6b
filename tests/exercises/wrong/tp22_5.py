# --- equal to, instead of at least
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToEqual(value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)


# --- at most, instead of at least
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(max_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)


# --- one row more
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value + 1)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)


# --- the bounds swapped
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[1], max_value=value[0])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)


# --- strict bounds
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: permises
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1], strict_max=True)
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)


# --- the upper bound forgotten
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)


# --- null and unique swapped
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToBeUnique, gxe.ExpectColumnValuesToNotBeNull)
    return kinds[RULES.index(rule)](column=column)


# --- always the column id
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column="id")


# --- null instead of not null
# file: validate_data.py
# caught by: test_each_rule_has_its_expectation
# hint: RULES
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    kinds = (gxe.ExpectColumnToExist, gxe.ExpectColumnValuesToBeNull, gxe.ExpectColumnValuesToBeUnique)
    return kinds[RULES.index(rule)](column=column)
