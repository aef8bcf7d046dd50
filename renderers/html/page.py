"""Pages: the forms of a registry, prepared once per language and mode, joined for each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from jinja2 import Environment, Template
from jinja2.environment import TemplateModule
from markupsafe import Markup

from engine.datatypes.base import Control
from engine.model.form import FormDef, GroupDef, SectionDef, walk_groups, walk_items
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language
from engine.records.evaluation import Evaluation, Violation
from engine.records.form_data import FormData
from renderers.html.context import PageContext
from renderers.html.environment import build_environment
from renderers.html.faces import form_title, group_face, section_face
from renderers.html.grid import GridMaker, grid_maker
from renderers.html.groups import GroupPart, issues_at, name_rows
from renderers.html.items import ItemMaker, ItemPart, SmallParts, answer_field, small_parts, tally_text
from renderers.html.names import Place
from renderers.html.request import Request, Tally, sum_of
from renderers.html.segments import Part, Workshop, around, markup
from renderers.html.words import Words, load_words
from renderers.html.work import Outline, WorkFace, WorkPart, work_parts

MODES = ("edit", "read", "print")

# Words that the script on the page needs; they travel as data attributes.
SCRIPT_WORDS = (
    *("copy", "leave", "unknown_yet", "filled_in", "open_issues", "errors", "warnings", "fields_of"),
    *("none_required", "sections_ready"),
    *(
        "found",
        "nothing_found",
        "search_code",
        "usual_here",
        "as_typed",
        "code_added",
        "code_removed",
        "remove_code",
        "not_chosen",
    ),
    *("file_too_large", "file_sending", "file_added", "file_waits"),
)


@dataclass(frozen=True, slots=True)
class SectionPart:
    """A section ready to be filled."""

    section: SectionDef
    frame: Part
    step: Part  # its entry in the navigator
    content: tuple[ItemPart | GroupPart, ...]
    groups: tuple[GroupPart, ...]  # of the content

    def pour(self, out: list[str], request: Request, small: SmallParts) -> str:
        """Add the section, and give its step; the request's tally is its own afterwards."""
        request.tally = Tally()
        data, start = request.data, len(out)
        for part in self.content:
            if isinstance(part, ItemPart):
                part.pour(out, "", "", data.items, request)
            else:
                out.append(part.fill(Place(), data, request))
        tally = request.tally
        flags = ("shown", tally.state) if self._visible(request) else (tally.state,)
        errors = tally_text(small, request.words, tally.errors, tally.warnings)
        section = self.section
        texts = (
            {
                "title": markup(request.text(section.id, "title", section.title)),
                "note": markup(request.text(section.id, "note", section.note)),
            }
            if section.templates
            else {}
        )
        before, after = around(lambda mark: self.frame.fill(flags, {"body": mark, "tally": errors, **texts}))
        count = {"count": f"{tally.filled}/{tally.total}"} if tally.total else {}
        out.insert(start, before)
        out.append(after)
        return self.step.fill(flags, count | texts)

    def _visible(self, request: Request) -> bool:
        """A section that may be left with nothing to see shows by what stands in it."""
        return not self.section.conditional or request.tally.asked > 0 or self._shows_something(request)

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
    work: WorkPart

    def render(
        self,
        data: FormData,
        evaluation: Evaluation,
        context: PageContext,
        *,
        state_json: str = "",
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> str:
        """The whole page; `more` is what another frame than the usual one asks for."""
        request = Request(self.form, self.words, self.mode, data, evaluation, context)
        for section in self.sections:
            name_rows(section.groups, Place(), data, request)
        body, steps, tallies = list[str](), [], []
        for section in self.sections:
            steps.append(section.pour(body, request, self.small))
            tallies.append(request.tally)
        request.tally = Tally()
        label = self.words.text("form_wide")
        wide = issues_at(self.small, "", "", request, label=label, anchor="form-wide")
        whole = sum_of([*tallies, request.tally])
        outline = Outline(steps, tallies, whole, wide, wide_issues=bool(request.tally.issues))
        before, after = around(lambda mark: self._frame(mark, whole, context, more))
        above, below = around(lambda mark: self.work.fill(mark, outline, request, state_json))
        return "".join((before, above, *body, below, after))

    def _frame(self, work: Markup, whole: Tally, context: PageContext, more: Mapping[str, Any]) -> str:
        """The page without its work area: what all pages share, the patient band."""
        save = context.save
        saved = self.small.saved.fill((save.state,), {"state": markup(save.state), "time": markup(save.time)})
        return self.frame.render(
            title=form_title(self.form, self.words.language),
            mode=self.mode,
            work=work,
            saved=Markup(saved),  # noqa: S704 - made by a macro, its texts are escaped
            whole=whole,
            page=context,
            shell=context.shell,
            csrf_token=context.csrf_token,
            **more,
        )


def takes_files(form: FormDef) -> bool:
    """Whether files can be attached to a form: then its page is posted as one that holds them."""
    return any(item.datatype.control is Control.FILE and item.calculate is None for item in walk_items(form))


def _fixed(environment: Environment, small: SmallParts) -> dict[str, Markup]:
    """What is the same on every page: empty messages that the script copies, the list of keys."""
    samples = {
        "error": small.message.fill((), {}),
        "warning": small.message.fill(("warning",), {}),
        "confirm": small.confirm.fill((), {}),
        "reason": small.reason.fill((), {}),
    }
    module: Any = environment.get_template("fixed.html").module
    pieces = {key: Markup(text) for key, text in samples.items()}  # noqa: S704 - made by macros
    return {"samples": module.templates(SCRIPT_WORDS, pieces), "key_list": module.key_list()}


@dataclass(frozen=True, slots=True)
class FormMaker:
    """Prepares forms in one language."""

    words: Words
    environment: Environment
    prepared: bool
    titles: Mapping[str, str]  # of all groups and forms, by id: what references are offered

    def make(self, form: FormDef, mode: str) -> FormPage:
        controls = self._workshop("controls.html")
        parts, groups = self._workshop("parts.html"), self._workshop("groups.html")
        small = small_parts(parts)
        items = ItemMaker(self.words, mode, controls, parts, small, self.titles)
        targets = frozenset(name for item in walk_items(form) for name in item.targets)
        sections = tuple(self._section(form, section, items, groups, parts, targets) for section in form.sections)
        frame = self.environment.get_template("form.html")
        face = WorkFace(
            form_title(form, self.words.language),
            in_language(form.intro, self.words.language),
            mode,
            takes_files(form),
            **_fixed(self.environment, small),
        )
        areas = self._workshop("work.html")
        work = WorkPart(mode, self.words, areas.part("work", face), work_parts(areas), small)
        return FormPage(form, self.words, mode, sections, small, frame, work)

    def _workshop(self, template: str) -> Workshop:
        module: TemplateModule = self.environment.get_template(template).module
        return Workshop(module, self.prepared)

    def _section(
        self,
        form: FormDef,
        section: SectionDef,
        items: ItemMaker,
        groups: Workshop,
        parts: Workshop,
        targets: frozenset[str],
    ) -> SectionPart:
        face = section_face(section, form, self.words)
        content = tuple(self._content(part, items, groups, targets) for part in section.content)
        inner = tuple(part for part in content if isinstance(part, GroupPart))
        return SectionPart(section, groups.part("section", face), parts.part("step", face), content, inner)

    def _content(
        self, part: ItemDef | GroupDef, items: ItemMaker, groups: Workshop, targets: frozenset[str], *,
        in_row: bool = False,
    ) -> ItemPart | GroupPart:  # fmt: skip
        if isinstance(part, ItemDef):
            return items.make(part, in_row=in_row)
        face = group_face(part, self.words)
        return GroupPart(
            group=part,
            face=face,
            frame=groups.part(f"group_{items.mode}", face),
            row=groups.part(f"row_{items.mode}", face),
            content=tuple(self._content(each, items, groups, targets, in_row=True) for each in part.content),
            items={item.id: item for item in part.items},
            small=items.small,
            named=not targets.isdisjoint(group.id for group in (part, *walk_groups(part))),
        )


@dataclass(frozen=True, slots=True)
class Pages:
    """All forms of one registry version. Forms are prepared when first asked for, or all at once by `prepare`."""

    forms: Mapping[str, FormDef]
    makers: Mapping[str, FormMaker]
    made: dict[tuple[str, str, str], FormPage] = field(default_factory=dict)
    grids: dict[tuple[str, str], GridMaker] = field(default_factory=dict)

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

    def answer(
        self, form_id: str, language: str, name: str, warning: Violation, given: str | None, *, refused: bool
    ) -> Markup:
        """What a warning asks for, as the form's page has it, on another page that does not go on without; `given` so far."""
        wanting = not warning.is_met_by("")
        more = (*(("required",) if wanting else ()), *(("refused",) if refused and wanting else ()))
        small = self.page(form_id, language).small
        return Markup(answer_field(small, name, warning, given, more))  # noqa: S704 - made by a macro, its texts are escaped

    def grid(self, form_id: str, language: str) -> GridMaker:
        """What makes grids of a form."""
        key = form_id, language
        if key not in self.grids:
            self.grids[key] = grid_maker(self.forms[form_id], self.makers[language].words)
        return self.grids[key]

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
    ) -> str:
        """The whole page of a form; `state_json` (see `script_safe`) goes to the browser's rule interpreter."""
        page = self.page(form_id, language, mode)
        return page.render(data, evaluation, context or PageContext(), state_json=state_json)


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
        texts = "" if language in registry.model.languages else registry.model.languages[0]
        environment = build_environment(words, static_url=static_url, inline_icons=inline_icons, spoken=texts)
        makers[language] = FormMaker(words, environment, prepared, _titles(registry.model, language))
    return Pages(registry.model.forms, makers)


def _titles(model: MetaDataVersion, language: str) -> dict[str, str]:
    parts: list[FormDef | GroupDef] = [group for form in model.forms.values() for group in walk_groups(form)]
    parts += model.forms.values()
    return {part.id: in_language(part.title, language) or part.id for part in parts}


__all__ = ["MODES", "SCRIPT_WORDS", "FormPage", "Pages", "compile_pages"]
