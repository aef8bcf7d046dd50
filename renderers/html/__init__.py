"""HTML: forms as pages, posted fields as values. The only place that knows WTForms and Jinja2."""

from renderers.html.context import (
    Badge,
    Band,
    Link,
    Links,
    Note,
    Notice,
    PageContext,
    Save,
    Shell,
    Step,
    Steps,
    acknowledgement,
)
from renderers.html.environment import STATIC, TEMPLATES, build_environment
from renderers.html.page import Pages, compile_pages
from renderers.html.patch import evaluation_patch, script_safe, where_json
from renderers.html.posted_data import Fields, PostedForm, PostReader, PostTooLarge, post_reader, read_urlencoded
from renderers.html.rows import Action
from renderers.html.standalone import render_form_html
from renderers.html.words import load_words

__all__ = [
    "STATIC",
    "TEMPLATES",
    "Action",
    "Badge",
    "Band",
    "Fields",
    "Link",
    "Links",
    "Note",
    "Notice",
    "PageContext",
    "Pages",
    "PostReader",
    "PostTooLarge",
    "PostedForm",
    "Save",
    "Shell",
    "Step",
    "Steps",
    "acknowledgement",
    "build_environment",
    "compile_pages",
    "evaluation_patch",
    "load_words",
    "post_reader",
    "read_urlencoded",
    "render_form_html",
    "script_safe",
    "where_json",
]
