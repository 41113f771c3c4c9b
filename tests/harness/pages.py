"""Reads HTML pages as a browser without JavaScript would."""
from dataclasses import dataclass, field
from urllib.parse import urljoin

from lxml import html


@dataclass
class Form:
    """A form: where it goes, its fields with their values, and its first submit button's name and value."""

    action: str
    method: str
    fields: dict[str, str]
    types: dict[str, str] = field(default_factory=dict)
    element: html.HtmlElement | None = None


class Page:
    """A page that was answered: status, address, text, forms."""

    def __init__(self, response):
        self.response = response
        self.status = response.status_code
        self.url = response.url
        self.headers = response.headers
        kind = response.headers.get("Content-Type", "")
        self.tree = html.fromstring(response.content.decode("utf-8")) if kind.startswith("text/html") and response.content else None

    @property
    def text(self) -> str:
        """What a person reads: scripts and styles left out, white space folded."""
        if self.tree is None:
            return self.response.text
        body = self.tree.find("body") if self.tree.tag == "html" else self.tree
        shown = [t for t in (self.tree if body is None else body).xpath(".//text()[not(ancestor::script or ancestor::style or ancestor::noscript)]")]
        return " ".join(" ".join(shown).split())

    @property
    def title(self) -> str:
        return "" if self.tree is None else (self.tree.findtext(".//title") or "").strip()

    def element_texts(self, identifier: str, below: str = "") -> list[str]:
        """What the element with this id says, or each element of that name below it."""
        path = f'//*[@id="{identifier}"]' + (f"//{below}" if below else "")
        return [] if self.tree is None else [" ".join(one.text_content().split()) for one in self.tree.xpath(path)]

    def element_text(self, identifier: str) -> str:
        found = self.element_texts(identifier)
        assert len(found) == 1, f"{len(found)} elements {identifier} at {self.url} ({self.status}): {self.text[:400]}"
        return found[0]

    def forms(self) -> list[Form]:
        return [] if self.tree is None else [self._form(one) for one in self.tree.iter("form")]

    def form(self, *having: str) -> Form:
        """The one form with all of these fields."""
        found = [one for one in self.forms() if all(name in one.fields for name in having)]
        assert len(found) == 1, f"{len(found)} forms with {having} at {self.url} ({self.status}): {self.text[:400]}"
        return found[0]

    def has_form(self, *having: str) -> bool:
        return any(all(name in one.fields for name in having) for one in self.forms())

    def _form(self, element) -> Form:
        fields, types = {}, {}
        for one in element.xpath(".//input[@name] | .//button[@name] | .//textarea[@name] | .//select[@name]"):
            name, kind = one.get("name"), (one.get("type") or one.tag).lower()
            assert name not in fields or kind in ("submit", "button", "radio"), f"two fields named {name}"
            types[name] = kind
            if kind in ("checkbox", "radio") and one.get("checked") is None:
                continue
            if kind in ("submit", "button") and (name in fields or any(types[k] in ("submit", "button") for k in fields)):
                continue
            fields[name] = (one.text or "") if one.tag == "textarea" else one.get("value", "")
        for name, kind in types.items():
            if kind == "checkbox":
                types[name] = "checkbox"
        return Form(urljoin(self.url, element.get("action") or self.url), (element.get("method") or "get").lower(), fields, types, element)
