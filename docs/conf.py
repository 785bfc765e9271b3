"""Sphinx configuration."""

import skmade

project = "skmade"
author = copyright = "skmade developers"
version = release = skmade.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
]
numpydoc_show_class_members = False
numpydoc_validation_checks = {"PR01", "PR02", "PR03", "RT01"}
autodoc_member_order = "bysource"
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "skmade"
plot_html_show_source_link = plot_html_show_formats = False
plot_include_source = True
plot_formats = ["png"]
