# --- json.load on the open file, unknown names by sets
# file: validate_data.py
def load_rules(path: Path | None) -> dict:
    if not path:
        return DEFAULT_RULES
    try:
        with open(path, encoding="utf-8") as stream:
            rules = json.load(stream)
    except Exception as error:
        raise UsageError(f"{path} est illisible : {error}") from error
    if type(rules) is not dict:
        raise UsageError(f"{path} n'est pas un objet")
    unknown = set(rules) - set(RULES)
    if unknown:
        raise UsageError(f"{path}, inconnues : {sorted(unknown)}")
    check_rules(rules, path)
    return rules


# --- two tries
# file: validate_data.py
def load_rules(path: Path | None) -> dict:
    if path is None:
        return dict(DEFAULT_RULES)
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} : {error}") from None
    try:
        rules = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, ligne {error.lineno} : {error.msg}") from None
    if not isinstance(rules, dict):
        raise UsageError(f"{path} : objet attendu")
    for name in rules.keys() - set(RULES):
        raise UsageError(f"{path} : {name} ?")
    check_rules(rules, path)
    return rules


# --- arguments with dest
# file: validate_data.py
def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Les arguments de la commande ; UsageError si elle est mal écrite."""
    parser = Parser(prog="validate_data.py", description="Vérifie la qualité de fichiers Parquet.")
    parser.add_argument("--input-file", dest="input_file", metavar="FICHIER", type=Path, required=True, help="un fichier, ou un dossier bronze")
    parser.add_argument("--rules-file", type=Path, help="règles JSON (sans fichier : règles par défaut)")
    parser.add_argument("--start-date", default="", help="dossier : premier jour à valider, AAAA-MM-JJ")
    parser.add_argument("--end-date", default="9999", help="dossier : dernier jour à valider, compris")
    parser.add_argument(
        "--checks", choices=("pandas", "gx"), default="pandas", help="qui vérifie (%(default)s)"
    )
    return parser.parse_args(argv)
