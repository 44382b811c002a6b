# --- --input-file not required
# file: validate_data.py
# caught by: test_the_two_arguments_are_read
# hint: required
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Les arguments de la commande ; UsageError si elle est mal écrite."""
    parser = Parser(prog="validate_data.py", description="Vérifie la qualité de fichiers Parquet.")
    parser.add_argument("--input-file", type=Path, help="un fichier, ou un dossier bronze")
    parser.add_argument("--rules-file", type=Path, help="règles JSON (sans fichier : règles par défaut)")
    parser.add_argument("--start-date", default="", help="dossier : premier jour à valider, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="9999", help="dossier : dernier jour à valider, compris")
    parser.add_argument(
        "--checks", choices=("pandas", "gx"), default="pandas", help="qui vérifie (%(default)s)"
    )
    return parser.parse_args(argv)


# --- the rules file as a text
# file: validate_data.py
# caught by: test_the_two_arguments_are_read
# hint: Path
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Les arguments de la commande ; UsageError si elle est mal écrite."""
    parser = Parser(prog="validate_data.py", description="Vérifie la qualité de fichiers Parquet.")
    parser.add_argument("--input-file", type=Path, required=True, help="un fichier, ou un dossier bronze")
    parser.add_argument("--rules-file", type=str, help="règles JSON (sans fichier : règles par défaut)")
    parser.add_argument("--start-date", default="", help="dossier : premier jour à valider, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="9999", help="dossier : dernier jour à valider, compris")
    parser.add_argument(
        "--checks", choices=("pandas", "gx"), default="pandas", help="qui vérifie (%(default)s)"
    )
    return parser.parse_args(argv)


# --- a rules file by default
# file: validate_data.py
# caught by: test_the_two_arguments_are_read
# hint: Path
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Les arguments de la commande ; UsageError si elle est mal écrite."""
    parser = Parser(prog="validate_data.py", description="Vérifie la qualité de fichiers Parquet.")
    parser.add_argument("--input-file", type=Path, required=True, help="un fichier, ou un dossier bronze")
    parser.add_argument("--rules-file", type=Path, default=Path("validation_rules.json"), help="règles JSON (sans fichier : règles par défaut)")
    parser.add_argument("--start-date", default="", help="dossier : premier jour à valider, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="9999", help="dossier : dernier jour à valider, compris")
    parser.add_argument(
        "--checks", choices=("pandas", "gx"), default="pandas", help="qui vérifie (%(default)s)"
    )
    return parser.parse_args(argv)


# --- always the default rules
# file: validate_data.py
# caught by: test_the_rules_of_the_file_are_read
# hint: dictionnaire
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if True:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules


# --- the default rules added
# file: validate_data.py
# caught by: test_the_rules_of_the_file_are_read
# hint: tel quel
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return {**DEFAULT_RULES, **rules}


# --- no default rules
# file: validate_data.py
# caught by: test_without_a_file_the_default_rules_apply
# hint: DEFAULT_RULES
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return {}
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules


# --- unknown rules accepted
# file: validate_data.py
# caught by: test_rules_badly_written_are_refused_by_name
# hint: RULES
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if False:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules


# --- case does not matter
# file: validate_data.py
# caught by: test_rules_badly_written_are_refused_by_name
# hint: RULES
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name.lower() not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules


# --- bad JSON not caught
# file: validate_data.py
# caught by: test_rules_badly_written_are_refused_by_name
# hint: ValueError
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules


# --- a missing file not caught
# file: validate_data.py
# caught by: test_a_missing_file_and_a_bad_value_are_refused_too
# hint: OSError
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules


# --- check_rules not called
# file: validate_data.py
# caught by: test_a_missing_file_and_a_bad_value_are_refused_too
# hint: check_rules
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    return rules


# --- a list accepted
# file: validate_data.py
# caught by: test_rules_badly_written_are_refused_by_name
# hint: isinstance
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if False:
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError(f"{path} : règle inconnue « {name} ». Règles connues : {', '.join(RULES)}")
    check_rules(rules, path)
    return rules


# --- the culprit not named
# file: validate_data.py
# caught by: test_rules_badly_written_are_refused_by_name
# hint: clé
def load_rules(path: Path | None) -> dict:
    """Les règles du fichier, ou DEFAULT_RULES sans fichier ; UsageError s'il est mal écrit."""
    if path is None:
        return DEFAULT_RULES
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} ne se lit pas comme un fichier de règles JSON ({error})") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : un objet JSON de règles était attendu")
    for name in rules:
        if name not in RULES:
            raise UsageError("règle inconnue")
    check_rules(rules, path)
    return rules
