# --- the input file is optional
# file: validate_data.py
# caught by: test_input_file_is_required_and_rules_file_is_not
# hint: required=True
def build_parser() -> JsonParser:
    parser = JsonParser(prog="validate_data.py")
    parser.add_argument("--input-file", type=Path, default=Path("data.parquet"))
    parser.add_argument("--rules-file", type=Path)
    parser.add_argument("--start-date", type=calendar_day)
    parser.add_argument("--end-date", type=calendar_day)
    return parser

# --- paths left as text
# file: validate_data.py
# caught by: test_input_file_is_required_and_rules_file_is_not
# hint: type=Path
def build_parser() -> JsonParser:
    parser = JsonParser(prog="validate_data.py")
    parser.add_argument("--input-file", required=True)
    parser.add_argument("--rules-file")
    return parser

# --- one rule for all the columns
# file: rules.py
# caught by: test_the_five_rules_are_read
# hint: Une Rule par colonne
def read_rules(content: object, origin: str) -> list[Rule]:
    known = ("required_columns", "not_null_columns", "value_ranges", "unique_columns", "min_rows")
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise usage_error(f"{origin} : règle inconnue « {unknown[0]} ».")
    return [Rule(name, content[name]) for name in content]

# --- open bounds turned into zero
# file: rules.py
# caught by: test_the_five_rules_are_read
# hint: Les bornes d'une plage sont un couple
def read_rules(content: object, origin: str) -> list[Rule]:
    rules = []
    for name in ("required_columns", "not_null_columns", "unique_columns"):
        rules += [Rule(name, column) for column in content.get(name, [])]
    for column, (low, high) in content.get("value_ranges", {}).items():
        rules.append(Rule("value_ranges", column, (low or 0, high or 0)))
    if "min_rows" in content:
        rules.append(Rule("min_rows", bounds=(content["min_rows"], None)))
    return rules

# --- an unknown rule ignored
# file: rules.py
# caught by: test_a_misspelt_rule_is_refused_by_name
# hint: Comparez les clés du fichier
def read_rules(content: object, origin: str) -> list[Rule]:
    rules = []
    for name in ("required_columns", "not_null_columns", "unique_columns"):
        rules += [Rule(name, column) for column in _column_names(content.get(name, []), name, origin)]
    rules += _ranges(content.get("value_ranges", {}), origin)
    if "min_rows" in content:
        rules.append(Rule("min_rows", bounds=(content["min_rows"], None)))
    return rules

# --- every rule required
# file: rules.py
# caught by: test_absent_rules_are_no_rules
# hint: une règle absente n'est pas une erreur
def read_rules(content: object, origin: str) -> list[Rule]:
    rules = []
    for name in ("required_columns", "not_null_columns", "unique_columns"):
        rules += [Rule(name, column) for column in content[name]]
    rules += _ranges(content["value_ranges"], origin)
    rules.append(Rule("min_rows", bounds=(content["min_rows"], None)))
    return rules

# --- min_rows of any kind
# file: rules.py
# caught by: test_a_rule_of_the_wrong_shape_is_refused
# hint: un entier pour min_rows
def read_rules(content: object, origin: str) -> list[Rule]:
    known = ("required_columns", "not_null_columns", "value_ranges", "unique_columns", "min_rows")
    if not isinstance(content, dict):
        raise usage_error(f"{origin} : un objet JSON de règles était attendu.")
    unknown = sorted(content.keys() - set(known))
    if unknown:
        raise usage_error(f"{origin} : règle inconnue « {unknown[0]} ».")
    rules = []
    for name in ("required_columns", "not_null_columns", "unique_columns"):
        rules += [Rule(name, column) for column in _column_names(content.get(name, []), name, origin)]
    rules += _ranges(content.get("value_ranges", {}), origin)
    if "min_rows" in content:
        rules.append(Rule("min_rows", bounds=(content["min_rows"], None)))
    return rules

# --- the zero of min_rows taken for an absent rule
# file: rules.py
# caught by: test_absent_rules_are_no_rules
# hint: content.get(nom, [])
def read_rules(content: object, origin: str) -> list[Rule]:
    known = ("required_columns", "not_null_columns", "value_ranges", "unique_columns", "min_rows")
    if not isinstance(content, dict):
        raise usage_error(f"{origin} : un objet JSON de règles était attendu.")
    unknown = sorted(content.keys() - set(known))
    if unknown:
        raise usage_error(f"{origin} : règle inconnue « {unknown[0]} ».")
    rules = []
    for name in ("required_columns", "not_null_columns", "unique_columns"):
        rules += [Rule(name, column) for column in _column_names(content.get(name, []), name, origin)]
    rules += _ranges(content.get("value_ranges", {}), origin)
    if content.get("min_rows"):
        rules.append(Rule("min_rows", bounds=(content["min_rows"], None)))
    return rules
