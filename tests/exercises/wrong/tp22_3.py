# --- errors keeps what passed
# file: validate_data.py
# caught by: test_a_good_file_passes
# hint: échecs seulement
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check(frame, rules)}
        errors = result["rules"]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- only the first error
# file: validate_data.py
# caught by: test_every_rule_that_fails_is_an_error
# hint: tous les échecs
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]][:1]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- rules keeps the failures only
# file: validate_data.py
# caught by: test_a_good_file_passes
# hint: tous les verdicts
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": [one for one in check(frame, rules) if not one["passed"]]}
        errors = [one for one in result["rules"] if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- always passed
# file: validate_data.py
# caught by: test_every_rule_that_fails_is_an_error
# hint: échecs
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "passed", "errors": errors}


# --- always pandas
# file: validate_data.py
# caught by: test_the_checker_given_is_the_one_used
# hint: paramètre
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check_with_pandas(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- integers become floats
# file: validate_data.py
# caught by: test_the_checker_given_is_the_one_used
# hint: ArrowDtype
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas()
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- an unreadable file breaks
# file: validate_data.py
# caught by: test_an_unreadable_file_is_a_failure_not_an_exception
# hint: pa.ArrowException
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]]
    except KeyError as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- an unreadable file passes
# file: validate_data.py
# caught by: test_an_unreadable_file_is_a_failure_not_an_exception
# hint: try
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": list(frame.columns), "rules": check(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = []
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- columns counted, not named
# file: validate_data.py
# caught by: test_a_good_file_passes
# hint: result
def validate_file(path: Path, rules: dict, check=check_with_pandas) -> dict:
    """{"file", "rows", "columns", "validation", "errors", "rules"} ; un fichier illisible est un échec."""
    result = {"file": str(path), "rows": 0, "columns": [], "rules": []}
    try:
        frame = pq.ParquetFile(path).read().to_pandas(types_mapper=pd.ArrowDtype)
        result |= {"rows": len(frame), "columns": len(frame.columns), "rules": check(frame, rules)}
        errors = [one for one in result["rules"] if not one["passed"]]
    except (OSError, pa.ArrowException) as error:
        said = f"{path} n'est pas un fichier Parquet lisible ({error})"
        errors = [{"rule": None, "column": None, "code": "unreadable_file", "message": said}]
    return {**result, "validation": "failed" if errors else "passed", "errors": errors}


# --- exit code 0 for a failed rule
# file: validate_data.py
# caught by: test_the_command_prints_one_verdict_and_exits_accordingly
# hint: 1 sinon
def main(argv: list[str] | None = None) -> int:
    """Imprime le verdict, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        result = validate(parse_args(argv))
    except UsageError as error:
        said = {"code": "usage", "message": f"{error}."}
        result = {"status": "error", "validation": "failed", "errors": [], "error": said}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 0


# --- exit code 2 for a failed rule
# file: validate_data.py
# caught by: test_the_command_prints_one_verdict_and_exits_accordingly
# hint: 1 sinon
def main(argv: list[str] | None = None) -> int:
    """Imprime le verdict, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        result = validate(parse_args(argv))
    except UsageError as error:
        said = {"code": "usage", "message": f"{error}."}
        result = {"status": "error", "validation": "failed", "errors": [], "error": said}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2


# --- two lines on stdout
# file: validate_data.py
# caught by: test_the_command_prints_one_verdict_and_exits_accordingly
# hint: print
def main(argv: list[str] | None = None) -> int:
    """Imprime le verdict, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        result = validate(parse_args(argv))
    except UsageError as error:
        said = {"code": "usage", "message": f"{error}."}
        result = {"status": "error", "validation": "failed", "errors": [], "error": said}
    print("verdict :")
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- a traceback for a bad rules file
# file: validate_data.py
# caught by: test_a_command_badly_written_exits_2
# hint: UsageError
def main(argv: list[str] | None = None) -> int:
    """Imprime le verdict, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        result = validate(parse_args(argv))
    except KeyError as error:
        said = {"code": "usage", "message": f"{error}."}
        result = {"status": "error", "validation": "failed", "errors": [], "error": said}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1


# --- nothing said of the validation when the usage is wrong
# file: validate_data.py
# caught by: test_a_command_badly_written_exits_2
# hint: usage
def main(argv: list[str] | None = None) -> int:
    """Imprime le verdict, un seul objet JSON sur stdout, et rend le code de sortie."""
    try:
        result = validate(parse_args(argv))
    except UsageError as error:
        said = {"code": "usage", "message": f"{error}."}
        result = {"status": "error", "error": said}
    print(json.dumps(result))
    if result["status"] == "success":
        return 0
    return 2 if result["error"]["code"] == "usage" else 1
