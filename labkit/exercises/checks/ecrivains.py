"""Deux écrivains d'un même fichier : comparer avant de remplacer, et recommencer depuis la lecture."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from checking import Wrong, step, verify

FAR_TOO_MANY = 30


def rows(*ids: int, day: int = 2, value: str = "neuf") -> pa.Table:
    """One row an identifier, updated on this day of January."""
    updated = pa.array([datetime(2024, 1, day, tzinfo=UTC)] * len(ids), pa.timestamp("us", tz="UTC"))
    return pa.table({"id": pa.array(ids, pa.int64()), "value": [value] * len(ids), "updated_at": updated})


def shared(module, path, overtaken: int = 0):
    """The trainee's file, where another one writes a row right after each of the `overtaken` first readings."""

    class Overtaken(module.SharedFile):
        readings = 0

        def read(self):
            self.readings += 1
            found = super().read()
            if self.readings > FAR_TOO_MANY:
                raise Wrong("add_rows, lectures du fichier", f"{module.TRIES} au plus", "encore et encore")
            if self.readings <= overtaken:
                other = module.SharedFile(self.path)
                known, seen = other.read()
                other.replace(module.merge(known, rows(100 + self.readings)), seen)
            return found

    return Overtaken(path)


def held(file) -> list[int]:
    """The identifiers that the file holds, sorted."""
    return sorted(file.read()[0]["id"].to_pylist())


@step(
    "ecrivains.1",
    hint="Lire, fondre avec `merge`, remplacer, puis rendre le nombre de lignes de la table fondue.",
)
def test_rows_are_merged_into_the_file(learner, tmp_path):
    """Vos lignes entrent dans le fichier, qu'il existe ou non ; une ligne plus récente remplace l'ancienne.

    Le premier à écrire et celui qui complète suivent le même chemin.
    """
    module = learner("shared_file")
    file = shared(module, tmp_path / "jour.parquet")
    verify("add_rows(fichier absent, deux lignes)", module.add_rows(file, rows(1, 2)), 2)
    verify("add_rows(fichier de 2 lignes, les lignes 2 et 3)", module.add_rows(file, rows(2, 3, day=5)), 3)
    verify("identifiants du fichier", held(file), [1, 2, 3])


@step(
    "ecrivains.1",
    hint="Changed : les lignes que vous aviez lues sont périmées. Refaites la lecture et la fusion, pas seulement le "
    "remplacement.",
)
@pytest.mark.parametrize("overtaken", [1, 2, 4])
@pytest.mark.parametrize("known", [(), (1,)], ids=["absent", "there"])
def test_rows_written_by_another_meanwhile_are_kept(learner, tmp_path, known, overtaken):
    """Devancé, vous gardez les lignes de l'autre, et les vôtres.

    Une écriture perdue ne donne aucune erreur : on la découvre au bilan, des semaines après.
    """
    module = learner("shared_file")
    file = shared(module, tmp_path / "jour.parquet", overtaken)
    if known:
        module.SharedFile(file.path).replace(rows(*known), None)
    given = module.add_rows(file, rows(7, 8))
    others = [100 + number for number in range(1, overtaken + 1)]
    tried = f"add_rows(…), devancé {overtaken} fois : identifiants du fichier"
    verify(tried, held(file), [*known, 7, 8, *others])
    verify(f"add_rows(…), devancé {overtaken} fois", given, len(known) + 2 + overtaken)


@step(
    "ecrivains.1",
    hint="TRIES essais en tout ; si le dernier est devancé aussi, `raise` laisse passer Changed.",
)
def test_who_is_never_let_through_says_so(learner, tmp_path):
    """Toujours devancé, vous laissez passer Changed après TRIES essais.

    Qui se tait fait croire que ses lignes sont écrites ; qui insiste sans fin bloque tout le monde.
    """
    module = learner("shared_file")
    file = shared(module, tmp_path / "jour.parquet", overtaken=FAR_TOO_MANY)
    try:
        given = module.add_rows(file, rows(7))
    except module.Changed:
        given = "Changed"
    verify("add_rows(…), devancé à chaque essai", given, "Changed")
    verify("add_rows(…), devancé à chaque essai : lectures du fichier", file.readings, module.TRIES)


@step(
    "ecrivains.1",
    hint="`except Changed`, et rien de plus large : une autre erreur ne passera pas en insistant.",
)
def test_another_error_is_not_tried_again(learner, tmp_path):
    """Une autre erreur que Changed, un disque plein par exemple, s'arrête là.

    Recommencer n'aide que si la cause peut disparaître.
    """
    module = learner("shared_file")

    class OnAFullDisk(module.SharedFile):
        tries = 0

        def replace(self, rows, seen):
            self.tries += 1
            raise OSError("disque plein")

    file = OnAFullDisk(tmp_path / "jour.parquet")
    try:
        given = module.add_rows(file, rows(7))
    except OSError as error:
        given = str(error)
    verify("add_rows(…), disque plein", given, "disque plein")
    verify("add_rows(…), disque plein : essais", file.tries, 1)
