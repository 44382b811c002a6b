# --- a function for each rule
# file: rules.py
def read_rules(content: object, origin: str) -> list[Rule]:
    def lists(name):
        return lambda value: [Rule(name, column) for column in _column_names(value, name, origin)]

    def rows(value):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise usage_error(f"{origin} : min_rows")
        return [Rule("min_rows", None, (value, None))]

    readers = {name: lists(name) for name in ("unique_columns", "not_null_columns", "required_columns")}
    readers |= {"min_rows": rows, "value_ranges": lambda value: _ranges(value, origin)}
    if not isinstance(content, dict):
        raise usage_error(f"{origin} : objet attendu")
    found = []
    for name, value in content.items():
        if name not in readers:
            raise usage_error(f"{origin} : {name} ?")
        found.extend(readers[name](value))
    return found

# --- the parser with short forms too
# file: validate_data.py
def build_parser() -> JsonParser:
    parser = JsonParser(prog="validate_data.py")
    parser.add_argument("-i", "--input-file", type=Path, required=True)
    parser.add_argument("-r", "--rules-file", type=Path, default=None)
    parser.add_argument("--start-date", type=calendar_day)
    parser.add_argument("--end-date", type=calendar_day)
    return parser
