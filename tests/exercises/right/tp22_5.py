# --- match
# file: validate_data.py
def expectation(rule: str, column: str | None, value):
    from great_expectations import expectations as gxe

    match rule:
        case "required_columns":
            return gxe.ExpectColumnToExist(column=column)
        case "not_null_columns":
            return gxe.ExpectColumnValuesToNotBeNull(column=column)
        case "unique_columns":
            return gxe.ExpectColumnValuesToBeUnique(column=column)
        case "value_ranges":
            low, high = value
            return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)
        case "min_rows":
            return gxe.ExpectTableRowCountToBeBetween(min_value=value, max_value=None)


# --- a dictionary of functions
# file: validate_data.py
def expectation(rule: str, column: str | None, value):
    import great_expectations as gx

    known = gx.expectations
    makers = {
        "required_columns": lambda: known.ExpectColumnToExist(column=column),
        "not_null_columns": lambda: known.ExpectColumnValuesToNotBeNull(column=column),
        "unique_columns": lambda: known.ExpectColumnValuesToBeUnique(column=column),
        "value_ranges": lambda: known.ExpectColumnValuesToBeBetween(
            column=column, min_value=value[0], max_value=value[1]
        ),
        "min_rows": lambda: known.ExpectTableRowCountToBeBetween(min_value=value),
    }
    return makers[rule]()


# --- a chain of ifs
# file: validate_data.py
def expectation(rule: str, column: str | None, value):
    """L'attente de Great Expectations qui dit la même chose que la règle."""
    import great_expectations.expectations as gxe

    if rule == "min_rows":
        return gxe.ExpectTableRowCountToBeBetween(min_value=value)
    if rule == "value_ranges":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=value[0], max_value=value[1])
    if rule == "required_columns":
        return gxe.ExpectColumnToExist(column=column)
    if rule == "not_null_columns":
        return gxe.ExpectColumnValuesToNotBeNull(column=column)
    return gxe.ExpectColumnValuesToBeUnique(column=column)
