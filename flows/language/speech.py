"""Message templates: from what an operator wrote to a function that says it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from flows.document.errors import StepFailed, Unsendable
from flows.engine.model import Speech
from flows.language.schema import ButtonSpec, LinkSpec, ListSpec, MessageSpec, RowSpec, TemplateSpec, Texts
from flows.language.sendable import sendable
from flows.messages import limits, replies
from flows.messages.kinds import Buttons, Image, Link, List, Message, Reply, Section, TemplateMessage, Text
from flows.messages.limits import clip, shorten
from flows.templates.expressions import Expression, Language, Template

Context: TypeAlias = Mapping[str, Any]
Offer: TypeAlias = tuple[str, str, str, str | None]
"""(trigger, value, title, description) of one reply; the texts are within the limits."""
Offers: TypeAlias = Callable[[Context], list[Offer]]


def text_in(texts: Texts, language: str, fallback: str) -> str:
    """`texts` in `language`, else in the fallback language, else in any it has."""
    if isinstance(texts, str):
        return texts
    return texts.get(language) or texts.get(fallback) or next(iter(texts.values()), "")


class Speechwriter:
    """Compiles the messages of one flow in one language. Raises TemplateError."""

    def __init__(self, templates: Language, language: str, fallback: str, statics: Context) -> None:
        self._templates, self._language, self._fallback, self._statics = (
            templates,
            language,
            fallback,
            statics,
        )

    def write(self, spec: MessageSpec) -> Speech:
        """The speech for `spec`; its templates are rendered when it is called, clipped to the limits."""
        say = self._speech(spec)
        fallback = self._template_message(spec.template) if spec.template else None

        def whole(context: Context, place: str) -> Message:
            try:
                message = sendable(say(context, place))
                return replace(message, fallback=fallback(context)) if fallback else message
            except UnicodeEncodeError:
                raise Unsendable("a text holds half of a surrogate pair") from None

        return whole

    def _speech(self, spec: MessageSpec) -> Speech:
        if spec.list:
            return self._list(spec, spec.list)
        if spec.buttons:
            return self._buttons(spec, spec.buttons)
        if spec.link:
            return self._link(spec, spec.link)
        if spec.image:
            return self._image(spec, spec.image)
        body = self._text(spec.text)
        return lambda context, place: Text(_body(body, context, limits.TEXT_BODY))

    def _list(self, spec: MessageSpec, parts: ListSpec) -> Speech:
        body, button = self._text(spec.text), self._text(parts.button)
        footer = self._optional(spec.footer)
        groups = [(s.title, s.rows) for s in parts.sections] or [(parts.title or parts.button, parts.rows)]
        sections = [(self._text(title), self._offers(rows)) for title, rows in groups]

        def say(context: Context, place: str) -> Message:
            built = tuple(
                Section(clip(title.render(context), limits.SECTION_TITLE), rows)
                for title, offers in sections
                if (rows := _rows(offers(context), place))
            )
            text = _body(body, context, limits.INTERACTIVE_BODY)
            if not built:
                return Text(text)
            if sum(len(section.rows) for section in built) > limits.LIST_ROWS:
                raise Unsendable(f"the list has over {limits.LIST_ROWS} rows: WhatsApp refuses it")
            opener = _filled(button.render(context), limits.LIST_BUTTON)
            return List(text, opener, built, _clipped(footer, context, limits.FOOTER))

        return say

    def _buttons(self, spec: MessageSpec, parts: list[ButtonSpec]) -> Speech:
        body, footer, image = self._text(spec.text), self._optional(spec.footer), self._optional(spec.image)
        offers = self._offers(parts)

        def say(context: Context, place: str) -> Message:
            text = _body(body, context, limits.INTERACTIVE_BODY)
            offered = [
                Reply(_reply_id(place, trigger, value, limits.REPLY_ID), title)
                for trigger, value, title, _ in offers(context)
            ]
            if not offered:
                return Text(text)
            if len(offered) > limits.BUTTONS:
                raise Unsendable(f"the message has over {limits.BUTTONS} buttons: WhatsApp refuses it")
            picture = image.render(context) if image else None
            return Buttons(text, tuple(offered), _clipped(footer, context, limits.FOOTER), picture)

        return say

    def _link(self, spec: MessageSpec, parts: LinkSpec) -> Speech:
        body, footer, image = self._text(spec.text), self._optional(spec.footer), self._optional(spec.image)
        title, url = self._text(parts.title), self._templates.template(parts.url)

        def say(context: Context, place: str) -> Message:
            return Link(
                _body(body, context, limits.INTERACTIVE_BODY),
                _filled(title.render(context), limits.LINK_TITLE),
                url.render(context),
                _clipped(footer, context, limits.FOOTER),
                image.render(context) if image else None,
            )

        return say

    def _image(self, spec: MessageSpec, source: str) -> Speech:
        link, caption = self._templates.template(source), self._optional(spec.text)
        return lambda context, place: Image(
            link.render(context), shorten(caption.render(context), limits.CAPTION) if caption else None
        )

    def _template_message(self, spec: TemplateSpec) -> Callable[[Context], TemplateMessage]:
        values = [self._text(value) for value in spec.values]
        language = text_in(spec.language or "", self._language, self._fallback)
        code = language or self._language.replace("-", "_")
        # WhatsApp counts the template's own words too, which we do not know: they get a share.
        share = max(1, limits.TEMPLATE_BODY // (len(values) + 1))
        return lambda context: TemplateMessage(
            spec.name, code, tuple(_one_line(value.render(context), share) for value in values)
        )

    def _offers(self, specs: list[ButtonSpec] | list[RowSpec]) -> Offers:
        parts = [self._offer(spec) for spec in specs]
        return lambda context: [offer for part in parts for offer in part(context)]

    def _offer(self, spec: ButtonSpec) -> Offers:
        title, value = self._text(spec.title), self._templates.template(spec.with_)
        guard = self._templates.expression(spec.if_) if spec.if_ else None
        is_row = isinstance(spec, RowSpec)
        description = self._optional(spec.description) if isinstance(spec, RowSpec) else None
        title_limit = limits.ROW_TITLE if is_row else limits.BUTTON_TITLE

        def one(context: Context) -> list[Offer]:
            if guard and not guard.value(context):
                return []
            told = _clipped(description, context, limits.ROW_DESCRIPTION) or None
            return [(spec.on, value.render(context), _filled(title.render(context), title_limit), told)]

        parts = (title, value, *(part for part in (description, guard) if part))
        reads = {read[0] for part in parts for read in part.reads}
        if not isinstance(spec, RowSpec) or spec.each is None:
            return self._fixed(one, reads)
        each = self._templates.expression(spec.each)
        return self._fixed(
            _for_each(each, spec.as_, one), (reads - {spec.as_}) | {read[0] for read in each.reads}
        )

    def _fixed(self, offers: Offers, reads: set[str]) -> Offers:
        """`offers`, made once for as long as all that they read is as it was when the flow was read."""
        if not reads <= self._statics.keys():
            return offers
        try:
            made = offers(self._statics)
        except StepFailed:
            return offers  # the check says what is wrong, in its place
        read = [(name, self._statics[name]) for name in reads]
        return lambda context: made if all(context[n] is v for n, v in read) else offers(context)

    def _text(self, texts: Texts | None) -> Template:
        return self._templates.template(text_in(texts or "", self._language, self._fallback))

    def _optional(self, texts: Texts | None) -> Template | None:
        return self._text(texts) if texts is not None else None


def _for_each(each: Expression, name: str, one: Offers) -> Offers:
    def many(context: Context) -> list[Offer]:
        items = each.value(context)
        if not isinstance(items, (list, tuple)):
            raise StepFailed(f"each: {each.source!r} is not a list")
        return [offer for item in items for offer in one({**context, name: item})]

    return many


def _rows(offers: list[Offer], place: str) -> tuple[Reply, ...]:
    return tuple(
        Reply(_reply_id(place, trigger, value, limits.ROW_ID), title, description)
        for trigger, value, title, description in offers
    )


def _reply_id(place: str, trigger: str, value: str, limit: int) -> str:
    # WhatsApp refuses an id that begins or ends with a blank.
    reply = replies.encode(place, trigger, value.strip())
    if limits.length(reply) > limit:
        raise Unsendable(
            f"the value of a reply to '{trigger}' is too long: {limits.length(reply)} of {limit}"
        )
    return reply


def _filled(text: str, limit: int) -> str:
    """`text`, clipped; WhatsApp refuses a message in which it is blank."""
    return clip(_there(text), limit)


def _body(template: Template, context: Context, limit: int) -> str:
    """The text of a message, which keeps its end if it is too long."""
    return shorten(_there(template.render(context)), limit)


def _there(text: str) -> str:
    if not text.strip():
        raise Unsendable("a text that WhatsApp needs came out empty")
    return text


def _one_line(text: str, limit: int) -> str:
    """`text` as a template takes it: no line breaks, no tabs, no runs of blanks, and never nothing."""
    return clip(" ".join(text.split()), limit) or "-"


def _clipped(template: Template | None, context: Context, limit: int) -> str | None:
    return clip(template.render(context), limit) if template else None
