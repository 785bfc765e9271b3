"""Sphinx configuration."""

import skmade

try:
    from latex2mathml.converter import convert
except ImportError:  # then browsers fetch MathJax from the network
    convert = None

project = "skmade"
author = copyright = "skmade developers"
version = release = skmade.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
numpydoc_show_class_members = False
numpydoc_validation_checks = {"PR01", "PR02", "PR03", "RT01"}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # which the tables of parameters say in words
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_title = "skmade"
html_show_sourcelink = False
html_theme_options = {"header_links_before_dropdown": 7}
_ALONE = ("index", "first_hour", "api", "features", "results", "data")
html_sidebars = {page: [] for page in _ALONE}  # pages without others beside them
html_static_path = ["_static"]
html_css_files = ["pages.css"]
plot_html_show_source_link = plot_html_show_formats = False
plot_include_source = True
plot_formats = ["png"]
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "/plot_",
    "ignore_pattern": "quickstart|planted_fault|glance",  # scripts of the command line
    "within_subsection_order": "ExampleTitleSortKey",
    "download_all_examples": False,
    "write_computation_times": False,
    "capture_repr": ("_repr_html_",),  # frames and estimators: displays are pictures already
    "reference_url": {"skmade": None},
}


def visit_inline(translator, node):
    """Write a formula in a line of text as MathML."""
    _write(translator, convert(node.astext()))


def visit_block(translator, node):
    """Write a formula of its own as MathML."""
    lines = node.astext()
    if r"\\" in lines or "&" in lines:
        lines = rf"\begin{{aligned}}{lines}\end{{aligned}}"
    _write(translator, f'<div class="math">{convert(lines, display="block")}</div>')


def _write(translator, formula):
    from docutils.nodes import SkipNode

    translator.body.append(formula)
    raise SkipNode


def setup(app):
    """Render formulas when pages are built, so that to read them takes no network."""
    if convert is not None:
        app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
        app.config.html_math_renderer = "mathml"
