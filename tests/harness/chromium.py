"""Headless Chromium by its driver: what a person really sees and sends."""
import base64
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from harness import hosts

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--no-default-browser-check",
    "--window-size=1280,900",
]


def key_pin(certificate: Path) -> str:
    public = x509.load_pem_x509_certificate(Path(certificate).read_bytes()).public_key()
    return base64.b64encode(hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()).decode()


class Chromium:
    """One browser with an empty profile. It knows the test hosts, trusts the given certificates' keys and reaches nothing else."""

    def __init__(self, certificates: list[Path], javascript: bool = True, language: str = "en-GB", phone: bool = False,
                 tickets: dict | None = None, allowlist: str | None = None, home: Path | None = None):
        """`tickets` is the environment of somebody with Kerberos tickets (`lab.kerberos.Tickets.environment`); they go to the hosts of `allowlist`. `home` holds somebody's certificates."""
        self.profile = Path(tempfile.mkdtemp(prefix="signet-chromium-"))
        service = Service("/usr/bin/chromedriver")
        if home is not None:
            service = Service("/usr/bin/chromedriver", env=os.environ | {"HOME": str(home)})
        if tickets is not None:
            service = self._with_kerberos(tickets)
        rules = [f"MAP {host}:{port} {to[0]}:{to[1]}" for (host, port), to in hosts.table().items()]
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={self.profile}")
        options.add_argument(f"--lang={language}")
        options.add_argument(f"--host-resolver-rules={', '.join(rules)}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        options.add_argument(f"--ignore-certificate-errors-spki-list={','.join(key_pin(one) for one in certificates)}")
        if allowlist:
            options.add_argument(f"--auth-server-allowlist={allowlist}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        preferences = {"intl.accept_languages": language, "credentials_enable_service": False, "translate": {"enabled": False}}
        if not javascript:
            preferences["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", preferences)
        if phone:
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": {"width": 320, "height": 640, "pixelRatio": 2.0}})
        self.driver = webdriver.Chrome(service=service, options=options)
        self.driver.set_page_load_timeout(30)

    def _with_kerberos(self, tickets: dict) -> Service:
        """A driver whose browser finds the tickets, and asks for those of the host in the URL.

        Without the policy the browser asks for the host that the resolver rules lead to, `HTTP/127.0.0.1`. Policies are the machine's, so
        these are mounted for this browser alone. A fresh profile on Linux does not load GSSAPI for its first Negotiate.
        """
        (self.profile / "Local State").write_text(json.dumps({"net": {"received_http_auth_negotiate_headers": True}}))
        managed = self.profile / "etc/policies/managed"
        managed.mkdir(parents=True)
        (managed / "kerberos.json").write_text(json.dumps({"DisableAuthNegotiateCnameLookup": True}))
        Path("/etc/chromium").mkdir(exist_ok=True)
        driver = self.profile / "driver"
        inside = f"mount --bind {self.profile}/etc /etc/chromium && exec /usr/bin/chromedriver \"$@\""
        driver.write_text(f"#!/bin/sh\nexec unshare -m sh -c '{inside}' driver \"$@\"\n")
        driver.chmod(0o700)
        names = ("KRB5_CONFIG", "KRB5CCNAME")
        return Service(str(driver), env=os.environ | {name: tickets[name] for name in names})

    def open(self, url: str):
        self.driver.get(url)

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    @property
    def url(self) -> str:
        return self.driver.current_url

    @property
    def title(self) -> str:
        return self.driver.title

    def find(self, css: str):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def wait(self, condition, within: float = 30):
        """Until `condition(self)` is true; a page that goes away under its eyes is no answer yet."""
        leaving = (NoSuchElementException, StaleElementReferenceException)
        try:
            return WebDriverWait(self.driver, within, ignored_exceptions=leaving).until(lambda _: condition(self))
        except TimeoutException as late:
            raise AssertionError(f"not within {within} s; the page at {self.url} says: {self.text[:500]}") from late

    def wait_for(self, css: str, within: float = 30):
        return self.wait(lambda b: next(iter(b.all(css)), None), within)

    def sign_in(self, name: str | None, password: str):
        """Fills in the sign-in form by keyboard and sends it by Enter."""
        self.wait_for("input[name=Password]")
        if name is not None:
            field = self.find("input[name=UserName]")
            field.clear()
            field.send_keys(name)
        self.find("input[name=Password]").send_keys(password, "\ue007")

    def complaints(self) -> list[str]:
        """What the browser logged as an error, CSP violations among them; a wish for an icon is none."""
        return [one["message"] for one in self.driver.get_log("browser") if one["level"] == "SEVERE" and "favicon" not in one["message"]]

    def screenshot(self, path: Path):
        self.driver.save_screenshot(str(path))

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)
