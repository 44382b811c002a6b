# --- plain Python, value by value
# file: validate_data.py
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    if rule == "min_rows":
        return pd.Series([len(frame) < value] * len(frame), index=frame.index)
    if column not in frame.columns:
        return pd.Series([True] * len(frame), index=frame.index)
    values = [None if pd.isna(one) else one for one in frame[column]]
    match rule:
        case "not_null_columns":
            found = [one is None for one in values]
        case "unique_columns":
            found = [one is not None and values.count(one) > 1 for one in values]
        case "value_ranges":
            low, high = value
            found = [
                one is not None and ((low is not None and one < low) or (high is not None and one > high))
                for one in values
            ]
        case _:
            found = [False] * len(values)
    return pd.Series(found, index=frame.index)


# --- between, with infinities for open bounds
# file: validate_data.py
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    everything = pd.Series(True, index=frame.index)
    if rule == "min_rows":
        return everything if len(frame) < value else ~everything
    if column not in frame:
        return everything
    if rule == "not_null_columns":
        return frame[column].isnull()
    if rule == "unique_columns":
        counts = frame[column].value_counts()
        return frame[column].map(counts).fillna(0) > 1
    if rule == "value_ranges":
        low = float("-inf") if value[0] is None else value[0]
        high = float("inf") if value[1] is None else value[1]
        numbers = frame[column].astype("float64")
        return ~numbers.between(low, high) & numbers.notna()
    return ~everything


# --- numpy
# file: validate_data.py
def wrong_rows(frame: pd.DataFrame, rule: str, column: str | None, value) -> pd.Series:
    import numpy as np

    if rule == "min_rows" or column not in frame:
        refused = rule != "min_rows" or len(frame) < value
        return pd.Series(np.full(len(frame), refused), index=frame.index)
    absent = frame[column].isna().to_numpy()
    if rule == "not_null_columns":
        found = absent
    elif rule == "unique_columns":
        found = frame[column].duplicated(keep=False).to_numpy() & ~absent
    elif rule == "value_ranges":
        numbers = frame[column].to_numpy(dtype=float, na_value=np.nan)
        found = np.zeros(len(frame), bool)
        if value[0] is not None:
            found |= numbers < value[0]
        if value[1] is not None:
            found |= numbers > value[1]
    else:
        found = np.zeros(len(frame), bool)
    return pd.Series(found, index=frame.index)
