"""Pages: the forms of a registry, prepared once per language and mode, joined for each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from jinja2 import Environment, Template
from jinja2.environment import TemplateModule
from markupsafe import Markup

from engine.model.form import FormDef, GroupDef, SectionDef
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language
from engine.records.evaluation import Evaluation
from engine.records.form_data import FormData
from renderers.html.context import PageContext
from renderers.html.environment import build_environment
from renderers.html.faces import SectionFace, form_title, group_face, section_face
from renderers.html.groups import GroupPart, issues_at, name_rows
from renderers.html.items import ItemMaker, ItemPart, SmallParts, small_parts, tally_text
from renderers.html.names import Place
from renderers.html.request import Request, Tally, sum_of
from renderers.html.segments import Part, Workshop
from renderers.html.words import Words, load_words

MODES = ("edit", "read", "print")

# Words that the script on the page needs; they travel as data attributes.
_SCRIPT_WORDS = (
    *("saved", "leave", "unknown_yet", "open_issues", "errors", "warnings", "fields_of"),
    *("found", "nothing_found", "search_code"),
)
_SECTION_SIGNS = {
    "errors": ("err", "err", "state_errors"),
    "warnings": ("warn", "warn", "state_warnings"),
    "complete": ("ok", "ok", "section_ready"),
    "draft": ("draft", "", "section_draft"),
    "open": ("open", "", "section_open"),
}


@dataclass(frozen=True, slots=True)
class SectionPart:
    """A section ready to be filled."""

    section: SectionDef
    face: SectionFace
    frame: Part
    content: tuple[ItemPart | GroupPart, ...]

    def fill(self, request: Request, small: SmallParts) -> str:
        """The section's markup; the request's tally is its own afterwards."""
        request.tally = Tally()
        data, top = request.data, Place()
        body = "".join(
            part.fill(top, "", "", data.items, request) if isinstance(part, ItemPart) else part.fill(top, data, request)
            for part in self.content
        )
        tally = request.tally
        flags = {"shown"} if self.visible(request) else set[str]()
        texts = {"body": body, "tally": tally_text(small, request.words, tally.errors, tally.warnings)}
        return self.frame.fill(frozenset(flags), texts)

    def visible(self, request: Request) -> bool:
        """A section with a condition shows by what stands in it."""
        return self.section.when is None or request.tally.total > 0 or self._shows_something(request)

    def _shows_something(self, request: Request) -> bool:
        visible, groups = request.evaluation.visible, request.evaluation.groups
        return any(
            part.item.id in visible if isinstance(part, ItemPart) else part.group.id in groups for part in self.content
        )


@dataclass(frozen=True, slots=True)
class FormPage:
    """One form in one language and mode."""

    form: FormDef
    words: Words
    mode: str
    sections: tuple[SectionPart, ...]
    small: SmallParts
    frame: Template
    fixed: Mapping[str, Markup]

    def render(self, data: FormData, evaluation: Evaluation, context: PageContext, more: Mapping[str, Any]) -> Markup:
        request = Request(self.form, self.words, self.mode, data, evaluation, context)
        for section in self.sections:
            name_rows(section.content, Place(), data, request)
        body, outline = [], []
        for section in self.sections:
            body.append(section.fill(request, self.small))
            outline.append(self._outline(section, request))
        request.tally = Tally()
        label = self.words.text("form_wide")
        wide = issues_at(self.small, "", "", request, label=label, anchor="form-wide")
        whole = sum_of([*(each["tally"] for each in outline), request.tally])
        return Markup(  # noqa: S704 - an escaping template made it
            self.frame.render(
                title=form_title(self.form, self.words.language),
                intro=in_language(self.form.intro, self.words.language),
                mode=self.mode,
                body=Markup("".join(body)),  # noqa: S704 - segments hold escaped values
                form_issues=Markup(wide) if request.tally.issues else "",  # noqa: S704
                no_issues=Markup(wide),  # noqa: S704
                sections=outline,
                ready=sum(each["tally"].state == "complete" for each in outline),
                whole=whole,
                page=context,
                shell=context.shell,
                csrf_token=context.csrf_token,
                fixed=self.fixed,
                **more,
            )
        )

    def _outline(self, section: SectionPart, request: Request) -> dict[str, Any]:
        sign, tone, word = _SECTION_SIGNS[request.tally.state]
        return {
            "face": section.face,
            "tally": request.tally,
            "shown": section.visible(request),
            "sign": (sign, tone, self.words.text(word)),
        }


def _fixed(environment: Environment, small: SmallParts) -> dict[str, Markup]:
    """What is the same on every page: empty messages that the script copies, the list of keys."""
    none, warning = frozenset[str](), frozenset({"warning"})
    samples = {
        "error": small.message.fill(none, {}),
        "warning": small.message.fill(warning, {}),
        "confirm": small.confirm.fill(none, {}),
        "reason": small.reason.fill(none, {}),
    }
    module: Any = environment.get_template("fixed.html").module
    pieces = {key: Markup(text) for key, text in samples.items()}  # noqa: S704 - made by macros
    return {"samples": module.templates(_SCRIPT_WORDS, _SECTION_SIGNS, pieces), "key_list": module.key_list()}


@dataclass(frozen=True, slots=True)
class FormMaker:
    """Prepares forms in one language."""

    words: Words
    environment: Environment
    prepared: bool

    def make(self, form: FormDef, mode: str) -> FormPage:
        controls = self._workshop("controls.html")
        parts, groups = self._workshop("parts.html"), self._workshop("groups.html")
        small = small_parts(parts)
        items = ItemMaker(self.words, mode, controls, parts, small, {item.id: item for item in form.items})
        sections = tuple(self._section(section, items, groups) for section in form.sections)
        frame = self.environment.get_template("form.html")
        return FormPage(form, self.words, mode, sections, small, frame, _fixed(self.environment, small))

    def _workshop(self, template: str) -> Workshop:
        module: TemplateModule = self.environment.get_template(template).module
        return Workshop(module, self.prepared)

    def _section(self, section: SectionDef, items: ItemMaker, groups: Workshop) -> SectionPart:
        face = section_face(section, self.words)
        content = tuple(self._content(part, None, items, groups) for part in section.content)
        return SectionPart(section, face, groups.part("section", face), content)

    def _content(
        self, part: ItemDef | GroupDef, row: Mapping[str, ItemDef] | None, items: ItemMaker, groups: Workshop
    ) -> ItemPart | GroupPart:
        if isinstance(part, ItemDef):
            return items.make(part, row)
        face, inner = group_face(part, self.words), {item.id: item for item in part.items}
        return GroupPart(
            group=part,
            face=face,
            frame=groups.part(f"group_{items.mode}", face),
            row=groups.part(f"row_{items.mode}", face),
            content=tuple(self._content(each, inner, items, groups) for each in part.content),
            items=inner,
            small=items.small,
        )


@dataclass(frozen=True, slots=True)
class Pages:
    """All forms of one registry version. Forms are prepared when first asked for, or all at once by `prepare`."""

    forms: Mapping[str, FormDef]
    makers: Mapping[str, FormMaker]
    made: dict[tuple[str, str, str], FormPage] = field(default_factory=dict)

    def prepare(self) -> None:
        """Prepare every form in every language and mode, as publishing does."""
        for form in self.forms:
            for language in self.makers:
                for mode in MODES:
                    self.page(form, language, mode)

    def page(self, form_id: str, language: str, mode: str = "edit") -> FormPage:
        key = form_id, language, mode
        if key not in self.made:
            self.made[key] = self.makers[language].make(self.forms[form_id], mode)
        return self.made[key]

    def form(
        self,
        form_id: str,
        *,
        language: str,
        mode: str = "edit",
        data: FormData,
        evaluation: Evaluation,
        context: PageContext | None = None,
        state_json: str = "",
    ) -> Markup:
        """The whole page of a form; `state_json` (see `script_safe`) goes to the browser's rule interpreter."""
        page = self.page(form_id, language, mode)
        more = {**self.frame_words(language), "state_json": Markup(state_json)}  # noqa: S704 - script_safe() made it
        return page.render(data, evaluation, context or PageContext(), more)

    def frame_words(self, language: str) -> dict[str, Any]:
        """What the frame's template needs besides the form."""
        signs = getattr(self.makers[language].environment.get_template("parts.html").module, "STATUS")  # noqa: B009 - a template's name
        return {"state_json": "", "status_signs": signs}


class Registry(Protocol):
    """What is needed of a compiled registry."""

    @property
    def model(self) -> MetaDataVersion: ...


def compile_pages(
    registry: Registry,
    *,
    languages: tuple[str, ...] = ("pl", "en"),
    static_url: str = "/static/",
    prepared: bool = True,
    inline_icons: bool = False,
) -> Pages:
    """Prepare the pages of a registry. `prepared=False` renders every macro at each request."""
    makers = {}
    for language in languages:
        words = load_words(language)
        environment = build_environment(words, static_url=static_url, inline_icons=inline_icons)
        makers[language] = FormMaker(words, environment, prepared)
    return Pages(registry.model.forms, makers)


__all__ = ["MODES", "FormPage", "Pages", "compile_pages"]
