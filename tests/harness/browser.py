"""A browser of `requests`: cookies, redirects, forms; no JavaScript."""
import requests

from harness import hosts  # noqa: F401  (resolves the test hosts)
from harness.pages import Form, Page

HIDDEN = "__hidden__"


class PlainBrowser:
    """One person's browser. Requests to hosts nobody serves fail instead of leaving the machine."""

    def __init__(self, root_certificate, address: str = "127.0.0.1", language: str = "en"):
        self.session = requests.Session()
        self.session.verify = str(root_certificate)
        self.session.trust_env = False
        self.session.headers.update({"User-Agent": "Mozilla/5.0 (tests)", "Accept-Language": language})
        self.page: Page | None = None
        self.history: list[requests.Response] = []

    def get(self, url: str, **options) -> Page:
        return self._go("GET", url, **options)

    def post(self, url: str, data: dict, origin: str | None = None, **options) -> Page:
        headers = options.pop("headers", {})
        if origin is not None:
            headers = {"Origin": origin} | headers
        return self._go("POST", url, data=data, headers=headers, **options)

    def _go(self, method, url, follow: bool = True, **options) -> Page:
        response = self.session.request(method, url, allow_redirects=follow, timeout=30, **options)
        self.history = [*response.history, response]
        self.page = Page(response)
        return self.page

    def submit(self, form: Form, **values) -> Page:
        """Sends a form as a browser would: its own fields, `values` over them, the Origin and Referer of its page."""
        unknown = set(values) - set(form.fields) - set(form.types)
        assert not unknown, f"the form has no field {unknown}: {sorted(form.fields)}"
        fields = form.fields | values
        origin = "/".join(self.page.url.split("/")[:3])
        if form.method == "get":
            return self.get(form.action, params=fields)
        return self.post(form.action, fields, origin=origin, headers={"Sec-Fetch-Site": _site(origin, form.action), "Sec-Fetch-Mode": "navigate"})

    def sign_in(self, name: str, password: str, keep: bool = False) -> Page:
        """Fills the sign-in form of the current page."""
        form = self.page.form("UserName", "Password")
        values = {"UserName": name, "Password": password}
        if keep:
            box = form.element.xpath('.//input[@name="Kmsi"]')[0]
            values["Kmsi"] = box.get("value", "on")
        return self.submit(form, **values)

    def answer(self) -> Form:
        """The form with a token on the current page, not sent yet."""
        found = [one for one in self.page.forms() if {"wresult", "SAMLResponse"} & set(one.fields)]
        assert len(found) == 1, f"no token at {self.page.url} ({self.page.status}): {self.page.text[:500]}"
        return found[0]

    def asks_for_password(self) -> bool:
        return self.page.has_form("UserName", "Password")


def _site(origin: str, action: str) -> str:
    return "same-origin" if action.startswith(origin + "/") else "cross-site"
