"""Great Expectations' Data Docs inside a notebook, without a network.

Its pages fetch their styles and scripts from six public hosts: all that is taken out, and a small style put in.
"""

import re
import tempfile
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import HTML

REMOTE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<a\b[^>]*href=\"https?://.*?</a>|url\('https?://[^)]*\)",
    re.DOTALL,
)
STYLE = """<style>
body { font: 14px/1.5 system-ui, sans-serif; margin: 1em; color: #1f1f1f }
table { border-collapse: collapse; margin: .4em 0 }
th, td { border: 1px solid #ddd; padding: .3em .6em; text-align: left }
nav, .navbar, .sticky, .collapse, footer, button, a[data-toggle] { display: none }
a { color: inherit; text-decoration: none }
ul { list-style: none; padding: 0 }
.text-success::before { content: "RÉUSSI " }
.text-danger::before { content: "ÉCHEC " }
</style>"""


def data_docs(frame: pd.DataFrame, expectations: list, height: int = 420) -> HTML:
    """The validation page that Great Expectations writes for `frame`, as a frame of the notebook."""
    return HTML(
        f'<iframe title="Data Docs" srcdoc="{escape(page(frame, expectations))}" '
        f'style="width:100%;height:{height}px;border:1px solid #ddd"></iframe>'
    )


def page(frame: pd.DataFrame, expectations: list) -> str:
    """That page, as HTML that asks nothing of any host."""
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.data_context.types.base import ProgressBarsConfig

    with tempfile.TemporaryDirectory() as folder:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder}
        index = {"class_name": "DefaultSiteIndexBuilder"}
        context.add_data_docs_site(
            "local", {"class_name": "SiteBuilder", "store_backend": store, "site_index_builder": index}
        )
        asset = context.data_sources.add_pandas("bronze").add_dataframe_asset("partition")
        batch = asset.add_batch_definition_whole_dataframe("table")
        suite = context.suites.add(gx.ExpectationSuite("regles", expectations))
        definition = gx.ValidationDefinition(name="validation", data=batch, suite=suite)
        checkpoint = gx.Checkpoint(
            name="controle",
            validation_definitions=[context.validation_definitions.add(definition)],
            actions=[UpdateDataDocsAction(name="docs")],
        )
        context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
        (written,) = Path(folder).glob("validations/**/*.html")
        text = REMOTE.sub("", written.read_text(encoding="utf-8"))
    return text.replace("<html>", '<html lang="en">').replace("</head>", f"{STYLE}</head>")
