"""Figures everyone can read: colours that every eye tells apart, hatches beside them, and what is seen, in words.

Colours: Okabe and Ito, "Color Universal Design", 2008.
"""

import matplotlib.pyplot as plt
from IPython.core.pylabtools import print_figure
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.rcsetup import cycler

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
VERMILLION, PURPLE, SKY = "#D55E00", "#CC79A7", "#56B4E9"
HATCHES = ("", "//", "..", "xx", "--", "\\\\")

plt.rcParams["font.size"] = 12
plt.rcParams["axes.prop_cycle"] = cycler(color=[BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY])


def hatch(axes: Axes) -> None:
    """Give each series of bars its own hatch. Draw the legend afterwards, so that it shows them."""
    for bars, pattern in zip(axes.containers, HATCHES, strict=False):
        for bar in bars:
            bar.set(hatch=pattern, edgecolor="white")


def show(alternative: str) -> None:
    """Show the current figure; `alternative` says in one sentence what it shows, for whoever does not see it."""
    figure = plt.gcf()
    bundle = {"image/png": print_figure(figure, base64=True), "text/plain": alternative}
    display(bundle, metadata={"image/png": {"alt": alternative}}, raw=True)
    plt.close(figure)
