# --- zero taken for an absence
# file: validate_data.py
# caught by: test_null_values_are_found
# hint: isna
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna() | (values.astype("string") == "0.0") | (values.astype("string") == "")
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- one answer for the whole column
# file: validate_data.py
# caught by: test_null_values_are_found
# hint: par ligne
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return bool(values.isna().any())
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- any row: all are refused
# file: validate_data.py
# caught by: test_null_values_are_found
# hint: isna
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return ~nothing if values.isna().any() else nothing
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- only the second of a pair
# file: validate_data.py
# caught by: test_every_row_of_a_repeated_value_is_found
# hint: keep=False
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep="first") & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- absences are duplicates
# file: validate_data.py
# caught by: test_every_row_of_a_repeated_value_is_found
# hint: notna
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False)
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- a bound is refused
# file: validate_data.py
# caught by: test_values_out_of_bounds_are_found
# hint: permises
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values <= low if low is not None else nothing
        too_high = values >= high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- a bound of 0 dropped
# file: validate_data.py
# caught by: test_values_out_of_bounds_are_found
# hint: borne 0
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low else nothing
        too_high = values > high if high else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- an absence is out of bounds
# file: validate_data.py
# caught by: test_values_out_of_bounds_are_found
# hint: low
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(True).astype(bool)
    return nothing


# --- only the lower bound
# file: validate_data.py
# caught by: test_values_out_of_bounds_are_found
# hint: high
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return too_low.fillna(False).astype(bool)
    return nothing


# --- one row more is needed
# file: validate_data.py
# caught by: test_too_few_rows_refuse_the_table
# hint: suffisent
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) <= value else nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- min_rows forgotten
# file: validate_data.py
# caught by: test_too_few_rows_refuse_the_table
# hint: min_rows
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return nothing
    if column not in frame:
        return ~nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- a missing column passes
# file: validate_data.py
# caught by: test_a_missing_column_refuses_every_row
# hint: column not in frame
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- a missing column breaks
# file: validate_data.py
# caught by: test_a_missing_column_refuses_every_row
# hint: column not in frame
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing


# --- the frame sorted in place
# file: validate_data.py
# caught by: test_many_rows_are_judged_one_by_one
# hint: sans toucher
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    """Vrai pour chaque ligne que la règle refuse ; partout si elle refuse la table entière."""
    nothing = pd.Series(False, index=frame.index)
    if rule == "min_rows":
        return ~nothing if len(frame) < value else nothing
    if column not in frame:
        return ~nothing
    frame.sort_values(column, inplace=True)
    values = frame[column]
    if rule == "not_null_columns":
        return values.isna()
    if rule == "unique_columns":
        return values.duplicated(keep=False) & values.notna()
    if rule == "value_ranges":
        low, high = value
        too_low = values < low if low is not None else nothing
        too_high = values > high if high is not None else nothing
        return (too_low | too_high).fillna(False).astype(bool)
    return nothing
